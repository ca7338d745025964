"""W-4: whatever happens to what a host says, there are messages, and then at most one typed error.

Here for a moment; `pnpm fuzz` runs it for minutes.
"""

from __future__ import annotations

import os
import re
from typing import Any

import msgpack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyferry.jsontext import write_json
from pyferry.marking import to_marked
from pyferry.parcels import ATTACHED, IS_PARCEL, PARCEL, PIECE, Large
from test_marks import VALUES
from test_negotiated import FOLDER, FROM_HOST, VECTORS, read, same

LIMIT = 1 << 16
EXAMPLES = int(os.environ.get("PYFERRY_FUZZ_EXAMPLES", "400"))
ERRORS = (None, "FrameTooLargeError", "TruncatedFrameError", "MalformedFrameError")

NUMBERS = st.integers(0, 200) | st.sampled_from(
    [LIMIT, LIMIT + 1, IS_PARCEL, IS_PARCEL + 1, 2**32 - 1]
)
TOKENS = st.sampled_from(
    [b"null", b"-1", b"0", b"1.5", b"1e999", b"9007199254740993", b'""', b"[]", b"{}", b"[[]]"]
    + [b'"int"', b'"float"', b'"map"', b'"set"', b'"date"', b'"bytes"', b'"array"', b'"arrow"']
    + [b'["codec","x"]', b'"<f8"', b'"nan"', b'[[[],"bytes"]]', b"[" * 3000 + b"]" * 3000]
)
TOKEN = re.compile(rb'\[[^][{}]*\]|\{[^][{}]*\}|"(?:[^"\\]|\\.)*"|[-+.\w]+|.', re.DOTALL)
"""Texts, names, numbers and whole small containers."""

PLACES = st.integers(0, 2**32 - 1)
DAMAGES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["lose", "double", "swap", "shorten", "unnest"]),
            PLACES,
            PLACES,
            st.none(),
        ),
        st.tuples(st.sampled_from(["length", "field"]), PLACES, PLACES, NUMBERS),
        st.tuples(st.just("replace"), PLACES, PLACES, TOKENS),
        st.tuples(
            st.sampled_from(["flip", "cut", "insert"]), PLACES, PLACES, st.binary(max_size=20)
        ),
    ),
    max_size=4,
)
CUTS = st.lists(st.integers(1, 200), min_size=1, max_size=5)


@st.composite
def calls(draw: st.DrawFn) -> list[bytes]:
    """Draw the frames of a call; of parcels, where its parts are longer than they may be."""
    inline, limit = draw(st.sampled_from([(1 << 20, LIMIT), (0, 14), (8, 40), (40, 100)]))
    is_packed = draw(st.booleans())
    return frames_of(draw(st.integers(0, 9)), draw(VALUES), inline, limit, is_packed=is_packed)


def frames_of(
    call_id: int, value: Any, inline: int, limit: int, *, is_packed: bool = False
) -> list[bytes]:
    """Return a call of `f` with one argument, as a host sends it."""
    wire, marks, attachments = to_marked(value, is_strict=True)
    placed = [[[0, *path], kind] for path, kind in marks or []]
    messages = [[call_id, "f", [wire], None, placed]]
    head = msgpack.packb(messages) if is_packed else write_json(messages).encode("ascii")
    views = [memoryview(each).cast("B") for each in attachments or []]
    large = Large(head, views, inline, limit)
    return [b"".join(parts) for parts in large.frames()]


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def golden(name: str) -> list[bytes]:
    """Return the frames of a vector, as far as they are whole."""
    data, frames = (FOLDER / f"{name}.bin").read_bytes(), []
    while data:
        size = 4 + int.from_bytes(data[:4], "big")
        frames.append(data[:size])
        data = data[size:]
    return frames


FRAMES = calls() | st.sampled_from([n for n in FROM_HOST if "error" not in VECTORS[n]]).map(golden)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(FRAMES, min_size=1, max_size=4), DAMAGES, CUTS)
def test_a_damaged_conversation_is_no_more_than_malformed(
    conversation: list[list[bytes]], damages: list[Any], cuts: list[int]
) -> None:
    """W-4, D-4: whole or in pieces."""
    frames = [frame for each in conversation for frame in each]
    for damage in damages:
        frames = damage_frames(frames, *damage)
    data = b"".join(frames)
    for damage in damages:
        data = damage_bytes(data, *damage)
    pieces = []
    while data:
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(data[:size])
        data = data[size:]

    _, _, error = read(pieces, LIMIT)

    assert error in ERRORS


@settings(max_examples=EXAMPLES // 4, deadline=None)
@given(VALUES, st.sampled_from([(0, 14), (8, 40), (40, 100)]), st.booleans())
def test_what_is_in_pieces_means_what_it_means_as_a_whole(
    value: Any, room: tuple[int, int], is_packed: bool
) -> None:
    """D-4, W-2: however small the pieces, in JSON and in MessagePack."""
    whole, _, _ = read(frames_of(1, value, 1 << 30, 1 << 26), 1 << 26)
    pieces, unreadable, error = read(frames_of(1, value, *room, is_packed=is_packed), 1 << 26)

    assert (unreadable, error) == ({}, None)
    assert same([frame for frame in pieces if frame], whole)


def damage_frames(frames: list[bytes], kind: str, at: int, to: int, more: Any) -> list[bytes]:
    if not frames:
        return frames
    here, there = at % len(frames), to % len(frames)
    frame = frames[here]
    if kind == "lose":
        return frames[:here] + frames[here + 1 :]
    if kind == "double":
        return [*frames[:there], frame, *frames[there:]]
    changed = list(frames)
    if kind == "swap":
        changed[here], changed[there] = frames[there], frame
    elif kind == "length":
        changed[here] = more.to_bytes(4, "big") + frame[4:]
    elif kind == "field":
        changed[here] = framed(with_field(frame[4:], to, more))
    elif kind == "shorten":
        changed[here] = framed(frame[4 : 4 + to % len(frame)])
    elif kind in ("replace", "unnest"):
        changed[here] = framed(rewritten(frame[4:], to, more or b""))
    return changed


def damage_bytes(data: bytes, kind: str, at: int, to: int, more: Any) -> bytes:
    place = at % (len(data) + 1)
    if kind == "flip" and place < len(data):
        return data[:place] + bytes([data[place] ^ 1 << to % 8]) + data[place + 1 :]
    if kind == "cut":
        return data[:place] + data[place + to % 40 :]
    if kind == "insert":
        return data[:place] + bytes(more) + data[place:]
    return data


def data_at(body: bytes) -> int:
    """Return where the bytes begin that are no numbers of the protocol's."""
    if body[:1] == bytes([ATTACHED]):
        return 8 + 4 * int.from_bytes(body[1:4], "big")
    return {PARCEL: 13, PIECE: 5}.get(body[0], 0) if body else 0


def with_field(body: bytes, which: int, value: int) -> bytes:
    """Write another number in the place of one that stands before the data."""
    first, end = (4 if body[:1] == bytes([ATTACHED]) else 1), data_at(body)
    count = (end - first) // 4
    if count <= 0 or end > len(body):
        return body
    at = first + 4 * (which % count)
    return body[:at] + value.to_bytes(4, "big") + body[at + 4 :]


def rewritten(body: bytes, which: int, token: bytes) -> bytes:
    """Put another token into the JSON; its size stays right, and that of a parcel in one piece."""
    start = data_at(body)
    size = len(body) - start
    is_attached = body[:1] == bytes([ATTACHED])
    if is_attached:
        size = int.from_bytes(body[start - 4 : start], "big")
    tokens = TOKEN.findall(body[start : start + size])
    if start > len(body) or not tokens:
        return body
    tokens[which % len(tokens)] = token
    head = b"".join(tokens)
    before = body[:start]
    if (is_attached and size < IS_PARCEL) or body[:1] == bytes([PARCEL]):
        before = before[:-4] + len(head).to_bytes(4, "big")
    return before + head + body[start + size :]
