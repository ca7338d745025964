"""Large results and arguments in MessagePack, and in JSON by the same way (W-2, D-1, D-6)."""

from __future__ import annotations

import datetime
import math
import sys
import threading
import types
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyferry import negotiated, packing
from pyferry.errors import MalformedFrameError, UnserializableError, ValueTooLargeError
from pyferry.jsontext import parse_json
from pyferry.marks import Attachments, place_marks
from pyferry.negotiated import (
    CODECS,
    MANY_ITEMS,
    Limits,
    Packing,
    decode_batch,
    encode_returned,
)
from pyferry.packing import is_packed
from pyferry.parcels import Large, Parcels
from test_marks import VALUES
from test_negotiated import SOUND_CODECS, same, use_codec

MANY = list(range(MANY_ITEMS + 1))
LIMITS = Limits(1 << 26)


@pytest.fixture(params=SOUND_CODECS)
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let one of the codecs be the one that is there."""
    name = str(request.param)
    use_codec(name, monkeypatch)
    return name


def messages_of(written: Any) -> tuple[bytes, list[bytes]]:
    """Return the messages of an answer as they are written, and its attachments."""
    if isinstance(written, str):
        return f"[{written}]".encode(), []
    parcels = Parcels()
    frames = (
        [b"".join(parts) for parts in written.frames()] if isinstance(written, Large) else [written]
    )
    for frame in frames:
        body = frame[4:]
        if not parcels.add(body):
            from pyferry.negotiated import _split

            head, attachments = _split(body, parcels)
            parts = attachments._parts if attachments else []
            return head, [bytes(part) for part in parts if part is not None]
    raise AssertionError("no message")


def answer(value: Any, known: Packing | None) -> tuple[Any, bool]:
    """Return what a reader makes of the answer with this result, and whether it was packed."""
    written = encode_returned(1, value, is_strict=False, limits=LIMITS, packing=known)
    head, parts = messages_of(written)
    if is_packed(head):
        array = msgpack.unpackb(head, strict_map_key=True)
    else:
        array = parse_json(head.decode())
    ((id_, result, *marks),) = array
    assert id_ == 1
    args = [result]
    attachments = Attachments(list(parts))
    place_marks(
        args, {}, [[[0, *path], kind] for path, kind in (marks or [[]])[0]], attachments
    ).revive()
    assert attachments.unnamed == 0
    return args[0], is_packed(head)


def as_lists(value: Any) -> Any:
    """What a tuple is for a reader."""
    if isinstance(value, (list, tuple)):
        return [as_lists(each) for each in value]
    if isinstance(value, dict):
        return {key: as_lists(each) for key, each in value.items()}
    return value


@settings(deadline=None)
@given(VALUES, st.sampled_from([*SOUND_CODECS, None]))
def test_a_large_result_is_the_same_in_either_encoding(value: Any, name: str | None) -> None:
    """D-1, D-6: whatever is in it, before or behind what makes it large."""
    with pytest.MonkeyPatch.context() as patch:
        known = None
        if name is not None:
            use_codec(name, patch)
            known = Packing([].append)
        for result in ([value, MANY], [MANY, value], {"value": value, "many": MANY}):
            read, _ = answer(result, known)
            assert same(read, as_lists(result))


@pytest.mark.parametrize(
    "odd",
    [
        math.nan,
        -0.0,
        math.inf,
        2**53,
        -(2**63),
        2**64 - 1,
        2**64,
        -(2**70),
        2**3000,
        "😀",
        b"bytes",
        {1: 2, (3, 4): 5},
        {1, 2},
        datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
        {"a": b"x" * 100_000},
    ],
)
def test_what_json_lacks_arrives_from_a_large_result(odd: Any, codec: str) -> None:
    """D-1: in MessagePack and without it."""
    result = [MANY, odd, [odd]]

    assert codec
    for known in (Packing([].append), None):
        read, is_in_messagepack = answer(result, known)
        assert same(read, as_lists(result))
        assert is_in_messagepack == (known is not None)


def test_what_a_codec_would_write_in_a_way_of_its_own_goes_as_it_does_in_json(codec: str) -> None:
    """D-6: the choice of codec never changes a value."""
    assert codec
    odd = [
        memoryview(b"ab"),
        msgpack.Timestamp(1, 2),
        msgpack.ExtType(5, b"x"),
        bytearray(b"xyz"),
        datetime.datetime(2026, 1, 2),
    ]
    packed, _ = answer([MANY, odd], Packing([].append))
    plain, _ = answer([MANY, odd], None)

    assert same(packed, plain)


@pytest.mark.parametrize("bad", ["\ud800", {"\udfff": 1}])
def test_what_is_refused_is_refused_with_its_path(bad: Any, codec: str) -> None:
    """D-6: from a large result too, by whatever it would have been written."""
    assert codec
    for known in (Packing([].append), None):
        with pytest.raises(UnserializableError, match=r"^result\[1\]\.a"):
            encode_returned(1, [MANY, {"a": bad}], is_strict=True, limits=LIMITS, packing=known)
    deep: Any = 1
    for _ in range(600):
        deep = [deep]
    with pytest.raises(UnserializableError, match="nested deeper than 512"):
        encode_returned(1, [MANY, deep], is_strict=True, limits=LIMITS, packing=Packing([].append))


def test_what_is_too_deep_for_a_codec_goes_as_json(codec: str) -> None:
    """D-1: 512 levels are carried, whatever reads 512 of them."""
    assert codec
    deep: Any = 1
    for _ in range(510):
        deep = [deep]
    read, is_in_messagepack = answer([MANY, deep], Packing([].append))

    assert not is_in_messagepack
    assert parse_json_depth(read[1]) == 510


def parse_json_depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list):
        (value,) = value
        depth += 1
    return depth


def test_a_small_result_is_json() -> None:
    """W-2: and nothing is imported for it."""
    known = Packing(lambda _text: pytest.fail("told"))

    assert encode_returned(1, [1, 2], is_strict=True, limits=LIMITS, packing=known) == "[1,[1,2]]"


def test_a_result_over_the_limit_fails_its_call_packed_or_not(codec: str) -> None:
    """D-4."""
    assert codec
    for known in (Packing([].append), None):
        with pytest.raises(ValueTooLargeError):
            encode_returned(1, MANY, is_strict=True, limits=Limits(1 << 26, 3000), packing=known)


@pytest.mark.parametrize("more", [[], [2**70], [b"bytes" * 20_000]])
def test_what_is_over_the_limit_in_messagepack_alone_goes_as_json(more: Any, codec: str) -> None:
    """D-4: whether a result passes does not depend on what the environment has."""
    assert codec
    # Four bytes each in JSON, nine in MessagePack.
    result = [[0.5] * 10_000, *more]
    room = 50_000 + sum(len(each) for each in more if type(each) is bytes)
    for known in (Packing([].append), None):
        limits, narrow = Limits(1 << 26, room), Limits(1 << 26, room - 20_000)
        written = encode_returned(1, result, is_strict=True, limits=limits, packing=known)
        assert not is_packed(messages_of(written)[0])
        with pytest.raises(ValueTooLargeError):
            encode_returned(1, result, is_strict=True, limits=narrow, packing=known)


@pytest.mark.parametrize("more", [[], [2**70]])
def test_what_no_host_can_hold_fails_its_call_packed_or_not(
    more: Any, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D-4: a text of 2^29 letters would end the host's stream, and with it the worker."""
    assert codec
    monkeypatch.setattr(negotiated, "MAX_TEXT_BYTES", 300_000)
    result = [*MANY, "a" * 300_000, *more]
    for known in (Packing([].append), None):
        with pytest.raises(ValueTooLargeError):
            encode_returned(1, result, is_strict=True, limits=LIMITS, packing=known)


def test_the_host_is_told_once_when_the_first_large_body_comes(codec: str) -> None:
    """W-2: codecs are told later than at the start, where nothing is imported."""
    assert codec
    told: list[str] = []
    known = Packing(told.append)

    decode_batch(b'[[1,"f",[1]]]', Parcels(), known)
    assert told == []
    for _ in range(2):
        decode_batch(b'[[1,"f",["' + b"x" * 70_000 + b'"]]]', Parcels(), known)
    assert told == [CODECS]


def test_messagepack_that_was_not_asked_for_is_malformed() -> None:
    """W-4: where the host has not said that it speaks it, nobody has told it to."""
    with pytest.raises(MalformedFrameError, match="not read here"):
        decode_batch(b"\x90", Parcels())


def test_deep_nesting_is_malformed(codec: str) -> None:
    """W-4: 100,000 levels, as an argument."""
    assert codec
    with pytest.raises(MalformedFrameError, match="not MessagePack"):
        decode_batch(
            b"\x91\x93\x01\xa1f" + b"\x91" * 100_000 + b"\xc0", Parcels(), Packing([].append)
        )


@pytest.mark.parametrize(
    "extension",
    [
        b"\xd6\xff" + bytes(4),
        b"\xd7\xff" + bytes(8),
        b"\xc7\x0c\xff" + bytes(12),
        b"\xc7\x00\xff",
        b"\xd4\x05\x00",
        b"\xc7\x00\x05",
    ],
)
def test_extensions_are_malformed_timestamps_too(extension: bytes, codec: str) -> None:
    """W-4: whatever a codec would make of them."""
    assert codec
    with pytest.raises(MalformedFrameError, match="not MessagePack"):
        decode_batch(b"\x91\x93\x01\xa1f\x91" + extension, Parcels(), Packing([].append))


@pytest.mark.parametrize("id_", [2**53, 2**64 - 1, -1])
@pytest.mark.parametrize("more", [[], [{}]])
def test_an_id_beyond_the_safe_integers_is_malformed(id_: int, more: Any, codec: str) -> None:
    """W-4: as in JSON, with and without keywords."""
    assert codec
    body = msgpack.packb([[1, "f", []], [id_, "f", [], *more]])
    with pytest.raises(MalformedFrameError, match="no id of a call"):
        decode_batch(body, Parcels(), Packing([].append))


def test_the_host_is_told_once_by_many_threads_at_the_same_time(codec: str) -> None:
    """W-2: threads that answer look for the codec too."""
    assert codec
    told: list[str] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            known = Packing(told.append)
            threads = [threading.Thread(target=known.find) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(told) == 100


def test_a_module_of_that_name_that_is_something_else_is_no_codec(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W-2: a file of the user's, an old version, one written in Python."""
    monkeypatch.setattr(packing, "_found", [])
    wrong = types.ModuleType("ormsgpack")
    wrong.packb = wrong.unpackb = bytes  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ormsgpack", wrong)
    monkeypatch.setitem(sys.modules, "msgpack._cmsgpack", None)
    told: list[str] = []

    assert Packing(told.append).find() is None
    assert told == []


@pytest.mark.parametrize(("version", "is_taken"), [("1.13.0", False), ("1.13.1", True)])
def test_an_ormsgpack_that_crashes_over_bytes_that_break_off_is_no_codec(
    monkeypatch: pytest.MonkeyPatch, version: str, is_taken: bool
) -> None:
    """W-4: garbage is malformed, and not the end of the process."""
    module = types.ModuleType("ormsgpack")
    module.packb = lambda value: value  # type: ignore[attr-defined]
    module.unpackb = lambda value: value  # type: ignore[attr-defined]
    module.__version__ = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ormsgpack", module)
    assert (packing.try_load("ormsgpack") is not None) is is_taken
