"""Frames are cut from any stream of bytes, and bad ones are known by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyferry.errors import FrameTooLargeError, TruncatedFrameError
from pyferry.framing import FrameReader, encode_frame


def read_all(pieces: list[bytes], limit: int = 100) -> list[bytes]:
    reader = FrameReader(limit)
    bodies = []
    for piece in pieces:
        reader.push(piece)
        body = reader.try_next()
        while body is not None:
            bodies.append(body)
            body = reader.try_next()
    reader.end()
    return bodies


BODIES = [b"", b"a", b"bc" * 20, b"", b"d" * 100]
STREAM = b"".join(len(body).to_bytes(4, "big") + body for body in BODIES)


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_a_cut_at_any_position_changes_nothing(cut: int) -> None:
    """W-3: frames arrive in any number of pieces."""
    assert read_all([STREAM[:cut], STREAM[cut:]]) == BODIES


@given(st.lists(st.integers(0, len(STREAM))))
def test_any_number_of_pieces_changes_nothing(cuts: list[int]) -> None:
    """W-3: also empty ones."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read_all([STREAM[a:b] for a, b in zip(edges, edges[1:])]) == BODIES


def test_one_byte_at_a_time() -> None:
    """W-3: the worst case of a slow stream."""
    assert read_all([bytes([byte]) for byte in STREAM]) == BODIES


def test_a_body_over_the_limit_is_refused_by_its_length_alone() -> None:
    """W-4: before its body has come, and after the good frames before it."""
    reader = FrameReader(10)
    reader.push(b"\0\0\0\x01x" + (11).to_bytes(4, "big"))

    assert reader.try_next() == b"x"
    with pytest.raises(FrameTooLargeError, match="11 bytes is over the limit of 10") as caught:
        reader.try_next()
    assert (caught.value.size, caught.value.limit) == (11, 10)


@pytest.mark.parametrize("length", [1, 3, 4, 5, 9])
def test_the_end_inside_a_frame_is_an_error(length: int) -> None:
    """W-4: inside the length as well as inside the body."""
    reader = FrameReader(10)
    reader.push(b"\0\0\0\x06abcdef"[:length])

    assert reader.try_next() is None
    with pytest.raises(TruncatedFrameError):
        reader.end()


def test_a_large_body_is_gathered_without_quadratic_copying() -> None:
    """W-4: 4096 pieces of 16 KiB; copying all at each would move 137 GB."""
    piece = b"x" * 16384
    size = len(piece) * 4096
    reader = FrameReader(size)
    reader.push(size.to_bytes(4, "big"))
    for _ in range(4096):
        assert reader.try_next() is None
        reader.push(piece)

    body = reader.try_next()

    assert body is not None
    assert size == len(body)


def test_encoding_checks_the_limit_of_the_body() -> None:
    """W-4: a body of the limit itself is allowed."""
    assert encode_frame("abc", 3) == b"\0\0\0\x03abc"
    with pytest.raises(FrameTooLargeError):
        encode_frame("abcd", 3)
