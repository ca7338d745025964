"""What is too large for a frame comes and goes in pieces (contract D-4)."""

from __future__ import annotations

import os
import threading
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyferry.errors import MalformedFrameError, TruncatedFrameError
from pyferry.framing import FrameReader
from pyferry.output import Output
from pyferry.parcels import IS_PARCEL, Large, Parcels

LIMIT = 1 << 26


def frames_of(large: Large) -> list[bytes]:
    return [b"".join(parts) for parts in large.frames()]


def read_all(fd: int) -> bytes:
    """Read to the end of a pipe."""
    data = b""
    while chunk := os.read(fd, 1 << 20):
        data += chunk
    return data


def bodies(data: bytes) -> list[bytes]:
    reader = FrameReader(LIMIT)
    reader.push(data)
    found = []
    while (body := reader.try_next()) is not None:
        found.append(body)
    reader.end()
    return found


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(14, 80), st.data())
def test_bytes_come_whole_however_they_are_cut(
    value: bytes, limit: int, data: st.DataObject
) -> None:
    """D-4: by whatever reads bring them."""
    stream = b"".join(frames_of(Large(b"[" + b" " * 100 + b"]", [memoryview(value)], 0, limit)))
    reader = FrameReader(LIMIT)
    parcels = reader.parcels = Parcels()
    seen = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        if reader.room is not None:
            size = min(size, len(reader.room))
            reader.room[:size] = stream[:size]
            reader.filled(size)
        else:
            reader.push(stream[:size])
        stream = stream[size:]
        while (body := reader.try_next()) is not None:
            if not parcels.add(body):
                seen.append(body)
    reader.end()

    assert len(seen) == 1
    number = int.from_bytes(seen[0][4:8], "big") - IS_PARCEL
    assert parcels.take(number) == value


def test_a_parcel_is_read_where_it_stays() -> None:
    """D-4: nothing is held twice."""
    size = 8 * 1024 * 1024
    tracemalloc.start()
    try:
        parcels = Parcels()
        head = b"\2" + bytes(4) + size.to_bytes(8, "big")
        begun = parcels.begin_piece(head, len(head) + size)
        assert begun is not None
        begun[1][:] = b"x" * size
        # A view that lives would keep the memory where it is.
        del begun
        assert tracemalloc.get_traced_memory()[0] < 1.1 * size
        tracemalloc.reset_peak()
        taken = parcels.take(0)
        assert tracemalloc.get_traced_memory()[1] < 1.1 * size
    finally:
        tracemalloc.stop()
    assert type(taken) is bytes
    assert taken == b"x" * size


def test_a_size_that_is_only_announced_takes_no_memory() -> None:
    """W-4: or none that can be had, which is told."""
    parcels = Parcels()
    with pytest.raises(MalformedFrameError, match="no memory"):
        parcels.add(b"\2" + bytes(4) + b"\x7f" + b"\xff" * 7 + b"x")


def test_the_end_of_the_stream_inside_a_piece_is_told() -> None:
    """W-4: between pieces it is none of a reader's affairs."""
    stream = b"".join(frames_of(Large(b"[]", [memoryview(bytes(100))], 0, 64)))
    reader = FrameReader(LIMIT)
    reader.parcels = Parcels()
    reader.push(stream[:30])
    assert reader.try_next() is None
    with pytest.raises(TruncatedFrameError):
        reader.end()


def test_what_is_sent_is_not_copied() -> None:
    """D-4: pieces are views."""
    value = bytearray(1_000_000)
    frames = Large(b"[]", [memoryview(value)], 1024, LIMIT).frames()
    head, piece = next(frames)
    value[0] = 7

    assert len(head) == 4 + 13
    assert piece[0] == 7


def test_small_answers_go_between_the_pieces_of_a_large_one() -> None:
    """D-4: a hundred megabytes hold up nobody."""
    read_end, write_end = os.pipe()
    output = Output(write_end, LIMIT)
    large = Large(b"[[0,0]]", [memoryview(bytes(3_000_000))], 1024, LIMIT)
    sender = threading.Thread(target=output.send, args=(large,))
    sender.start()
    # It has begun, and is stuck in its first piece: a pipe does not hold that much.
    start = os.read(read_end, 1)
    output.add('[1,"small"]')
    output.flush()
    ender = threading.Thread(target=lambda: (sender.join(), os.close(write_end)))
    ender.start()
    found = bodies(start + read_all(read_end))
    ender.join()
    os.close(read_end)

    assert found[1] == b'[[1,"small"]]'
    assert found[-1][:1] == b"\1"
    assert len(found) == 2 + -(-3_000_000 // (256 * 1024))


def test_two_large_ones_go_one_after_the_other() -> None:
    """D-4: the numbers of their parcels are the same."""
    read_end, write_end = os.pipe()
    output = Output(write_end, LIMIT)
    values = [bytes([n]) * 700_000 for n in range(4)]
    senders = [
        threading.Thread(
            target=output.send, args=(Large(b"[[0,0]]", [memoryview(value)], 1024, LIMIT),)
        )
        for value in values
    ]
    for sender in senders:
        sender.start()
    ender = threading.Thread(
        target=lambda: ([sender.join() for sender in senders], os.close(write_end))
    )
    ender.start()
    parcels, found = Parcels(), []
    for body in bodies(read_all(read_end)):
        if not parcels.add(body):
            found.append(parcels.take(0))
    ender.join()
    os.close(read_end)

    assert sorted(found) == values
