"""Version 1 of the negotiated protocol (contract W-2, W-3): the golden frames, and a worker."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import json
import math
import os
import pathlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import Host
from pyferry import packing
from pyferry.connection import Connection
from pyferry.dialect import Negotiated
from pyferry.errors import (
    MalformedFrameError,
    ProtocolError,
    UnserializableError,
    ValueTooLargeError,
)
from pyferry.forking import ForkGuard
from pyferry.framing import FrameReader
from pyferry.jsontext import write_json
from pyferry.messages import Call, Define, Ping, Unknown
from pyferry.negotiated import Limits, Packing, decode_batch
from pyferry.output import Output, pack
from pyferry.parcels import Large, Parcels

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "protocol" / "vectors" / "v1"
VECTORS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
FROM_HOST = [name for name, vector in VECTORS.items() if vector["direction"] == "host"]
# A frame without messages is never written, and no dict has both 1 and True for a key.
UNWRITTEN = ("worker-nothing", "worker-value-map")
WRITTEN = [
    name
    for name, vector in VECTORS.items()
    if vector["direction"] == "worker" and vector.get("canonical") and name not in UNWRITTEN
]
LIMIT = 64 * 1024 * 1024


def value(meant: Any) -> Any:
    """Return what the neutral notation means in Python."""
    if isinstance(meant, list):
        return [value(each) for each in meant]
    if not isinstance(meant, dict):
        return meant
    if len(meant) == 1:
        ((kind, content),) = meant.items()
        if kind in NOTATIONS:
            return NOTATIONS[kind](content)
    return {key: value(each) for key, each in meant.items()}


def as_key(meant: Any) -> Any:
    made = value(meant)
    return hashable(made)


def hashable(made: Any) -> Any:
    return tuple(map(hashable, made)) if isinstance(made, list) else made


def date(milliseconds: int) -> datetime.datetime:
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return epoch + datetime.timedelta(milliseconds=milliseconds)


def array(content: list[Any]) -> Any:
    dtype, shape, data = content
    return np.frombuffer(bytes.fromhex(data), dtype).reshape(shape)


def arrow(content: str) -> Any:
    with pa.ipc.open_stream(bytes.fromhex(content)) as reader:
        return reader.read_all()


NOTATIONS: dict[str, Any] = {
    "$int": lambda text: int(decimal.Decimal(text)),
    "$float": float,
    "$map": lambda pairs: {as_key(key): value(each) for key, each in pairs},
    "$set": lambda items: {as_key(item) for item in items},
    "$date": date,
    "$bytes": bytes.fromhex,
    "$array": array,
    "$arrow": arrow,
}


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same, in type as well: also what does not equal itself."""
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return (
            isinstance(left, np.ndarray)
            and isinstance(right, np.ndarray)
            and (left.dtype, left.shape) == (right.dtype, right.shape)
            and left.tobytes() == right.tobytes()
        )
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return repr(left) == repr(right)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        keys = list(left) == list(right) or set(left) == set(right)
        return keys and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def read(pieces: list[bytes], limit: int) -> tuple[list[list[Any]], dict[str, str], str | None]:
    """Return what a reader gets: messages by frame, unreadable ones, and the error at the end."""
    reader = FrameReader(limit)
    known = Packing([].append)
    parcels = reader.parcels = Parcels()
    frames: list[list[Any]] = []
    unreadable: dict[str, str] = {}
    count = 0
    try:
        for piece in pieces:
            push(reader, piece)
            body = reader.try_next()
            while body is not None:
                frames.append([])
                for message in decode_batch(body, parcels, known):
                    try:
                        frames[-1].append(table_form(message))
                    except UnserializableError as error:
                        assert isinstance(message, Call)
                        unreadable[str(count)] = error.path
                        frames[-1].append([message.call_id, message.function])
                    count += 1
                body = reader.try_next()
        reader.end()
    except ProtocolError as error:
        return [frame for frame in frames if frame], unreadable, type(error).__name__
    return frames, unreadable, None


SOUND_CODECS = ["msgpack"] if sys.version_info < (3, 10) else ["msgpack", "ormsgpack"]
"""Those that are sound; of the second one there is none for 3.9."""


def use_codec(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it the one that is found."""
    monkeypatch.setattr(packing, "_found", [packing.try_load(name)])
    assert packing.find_codec() is not None


def push(reader: FrameReader, data: bytes) -> None:
    """Give the reader what a channel would: what has room elsewhere is read there."""
    while reader.room is not None and data:
        count = min(len(reader.room), len(data))
        reader.room[:count] = data[:count]
        reader.filled(count)
        data = data[count:]
    reader.push(data)


def table_form(message: Any) -> list[Any]:
    if isinstance(message, Ping):
        return ["ping"]
    if isinstance(message, Unknown):
        return [message.type]
    if isinstance(message, Define):
        fields = {
            "code": message.code,
            "parts": message.parts
            and [{"name": name, "code": code} for name, code in message.parts],
            "modules": message.modules,
            "importPaths": message.import_paths,
            "expose": message.expose,
        }
        known = {name: each for name, each in fields.items() if each is not None}
        return ["define", message.op_id, known]
    assert isinstance(message, Call)
    if message.marked is not None:
        message.marked.revive()
    named = [message.kwargs] if message.kwargs else []
    if message.values is not None:
        options = {"values": message.values}
        return [message.call_id, message.function, message.args, *(named or [None]), None, options]
    return [message.call_id, message.function, message.args, *named]


@pytest.fixture(autouse=True)
def deep_values() -> Iterator[None]:
    """Let the comparison follow what nests as deep as is carried."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    yield
    sys.setrecursionlimit(limit)


def assert_reads(name: str, pieces: list[bytes]) -> None:
    vector = VECTORS[name]
    frames, unreadable, error = read(pieces, vector.get("maxFrameBytes", LIMIT))
    if "parcel" in name:
        # Their pieces are frames that say nothing.
        frames = [frame for frame in frames if frame]
    assert same(frames, [value(frame) for frame in vector["frames"]]), frames
    assert unreadable == vector.get("unreadable", {})
    assert error == (f"{vector['error']}Error" if "error" in vector else None)


@pytest.mark.parametrize("name", FROM_HOST)
def test_a_host_s_frames_mean_what_their_vector_says(name: str) -> None:
    """W-3: read in one piece, and cut anywhere."""
    data = (FOLDER / f"{name}.bin").read_bytes()

    assert_reads(name, [data])
    for cut in range(0, len(data), max(1, len(data) // 50)):
        assert_reads(name, [data[:cut], data[cut:]])


@pytest.mark.parametrize("name", [name for name in FROM_HOST if "packed" in name])
@pytest.mark.parametrize("codec", SOUND_CODECS)
def test_messagepack_means_what_its_vector_says_whoever_reads_it(
    name: str, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-2, W-3: with either of the codecs that an environment may have."""
    use_codec(codec, monkeypatch)
    assert_reads(name, [(FOLDER / f"{name}.bin").read_bytes()])


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(FROM_HOST),
    st.integers(0),
    st.integers(0, 255),
    st.sampled_from(["flip", "cut", "insert"]),
)
def test_damaged_frames_are_no_more_than_malformed(name: str, at: int, byte: int, how: str) -> None:
    """W-4: whatever has happened to the bytes."""
    data = bytearray((FOLDER / f"{name}.bin").read_bytes())
    place = at % (len(data) + 1)
    if how == "insert":
        data.insert(place, byte)
    else:
        data[place : place + 1] = bytes([byte]) if how == "flip" else b""

    _, _, error = read([bytes(data)], LIMIT)

    assert error in (None, "FrameTooLargeError", "TruncatedFrameError", "MalformedFrameError")


@given(
    st.sampled_from([b"[", b"\x01", b"\x02", b"\x03", b"\x91", b"\x91\x93\x01", b"\xdc"]),
    st.binary(max_size=200),
)
def test_any_bytes_are_no_more_than_malformed(first: bytes, rest: bytes) -> None:
    """W-4: behind the first byte of any kind of body."""
    with contextlib.suppress(MalformedFrameError):
        decode_batch(first + rest, Parcels(), Packing([].append))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_worker_s_frames_are_written_equivalently(name: str) -> None:
    """W-3: as ASCII, with marks and attachments in the same order."""
    dialect = Negotiated(Limits(LIMIT), Parcels(), is_strict=True)
    frames = []
    for messages in VECTORS[name]["frames"]:
        frames.append(pack([write(dialect, message) for message in messages], LIMIT))

    assert parts((FOLDER / f"{name}.bin").read_bytes()) == parts(b"".join(frames))


def write(dialect: Negotiated, message: list[Any]) -> Any:
    head, *rest = message
    if isinstance(head, int):
        return dialect.returned(head, value(rest[0]))
    if head == "failed":
        return dialect.failed(*rest)
    if head == "defined":
        return dialect.defined(rest[0], rest[1] if len(rest) > 1 else None)
    if head == "error":
        return dialect.error(*rest)
    if head == "pong":
        return dialect.pong()
    assert head == "hello"
    return write_json(["hello", rest[0]])


def parts(data: bytes) -> list[Any]:
    """Return frames as what JSON says and the bytes beside it."""
    found = []
    while data:
        size = 4 + int.from_bytes(data[:4], "big")
        body, data = data[4:size], data[size:]
        head, tail = body, b""
        if body[0] == 1:
            start = 8 + 4 * int.from_bytes(body[1:4], "big")
            end = start + int.from_bytes(body[start - 4 : start], "big")
            head, tail = body[start:end], body[:start] + body[end:]
            # The table tells the length of the JSON text, which may differ.
            tail = tail[: start - 4] + tail[start:]
        found.append((json.dumps(json.loads(head)), tail))
    return found


class TestOutput:
    """What waits is joined."""

    def test_messages_share_a_frame(self) -> None:
        assert pack(["[1,2]", "[3,4]"], LIMIT) == b"\x00\x00\x00\x0d[[1,2],[3,4]]"

    def test_no_frame_is_over_the_limit(self) -> None:
        data = pack([f"[{number},1]" for number in range(9)], 13)

        assert [head for head, _ in parts(data)] == [
            f"[[{number}, 1], [{number + 1}, 1]]" for number in range(0, 8, 2)
        ] + ["[[8, 1]]"]

    def test_frames_and_messages_keep_their_order(self) -> None:
        frame = pack(["[2,2]"], LIMIT)

        data = pack(["[1,1]", frame, "[3,3]", "[4,4]"], LIMIT)

        assert [head for head, _ in parts(data)] == ["[[1, 1]]", "[[2, 2]]", "[[3, 3], [4, 4]]"]


class TestConnection:
    """What is handed to the executor together."""

    @pytest.fixture
    def connection(self) -> Iterator[tuple[Connection, int]]:
        read_end, write_end = os.pipe()
        output = Output(write_end, LIMIT)
        yield Connection(read_end, output, ForkGuard(), LIMIT), write_end
        for end in (read_end, write_end):
            os.close(end)

    def test_calls_of_several_frames_are_taken_together(
        self, connection: tuple[Connection, int]
    ) -> None:
        work, end = connection
        os.write(end, base({"type": "accept", "protocol": 1}) + b"".join(map(frame, range_of(6))))
        assert work.read()

        assert [call.call_id for call in calls_of(work)] == list(range(6))
        assert work.next_tasks() is None

    def test_calls_before_a_define_are_taken_before_it(
        self, connection: tuple[Connection, int]
    ) -> None:
        """W-2: in the order of the frame; that a slow define overtakes is the executor's affair."""
        work, end = connection
        define = ["define", "o1", {"code": ""}]
        messages = [[1, "f", []], [2, "f", []], define, ["ping"], [3, "f", []]]
        os.write(end, base({"type": "accept", "protocol": 1}) + frame(*messages))
        assert work.read()

        assert [call.call_id for call in calls_of(work)] == [1, 2]
        assert [type(task) for task in work.next_tasks() or []] == [Define]
        assert [call.call_id for call in calls_of(work)] == [3]

    def test_calls_in_front_of_a_bad_frame_are_taken_first(
        self, connection: tuple[Connection, int]
    ) -> None:
        """V-18: the bad one ends the process, and they have come before it."""
        work, end = connection
        ended = []
        work._fail = ended.append  # type: ignore[assignment,method-assign]
        call = {"type": "call", "callID": "c1", "func": "f", "args": 1}
        os.write(end, base(call) + base({**call, "callID": "c2"}) + base(call))
        assert work.read()

        assert [each.call_id for each in calls_of(work)] == ["c1", "c2"]
        assert ended == []
        work.next_tasks()
        assert [str(error) for error in ended] == ["the id 'c1' is in flight already"]

    def test_an_id_may_not_come_twice_in_a_frame(self, connection: tuple[Connection, int]) -> None:
        """W-2: nor in two of them, while it is in flight."""
        work, end = connection
        ended = []
        work._fail = ended.append  # type: ignore[assignment,method-assign]
        os.write(end, base({"type": "accept", "protocol": 1}) + frame([1, "f", []], [1, "f", []]))
        assert work.read()

        work.next_tasks()

        assert [str(error) for error in ended] == ["the id 1 is in flight already"]


def base(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, "big") + body


def range_of(count: int) -> list[Any]:
    return [[number, "f", []] for number in range(count)]


def calls_of(work: Connection) -> list[Call]:
    tasks = work.next_tasks() or []
    return [task for task in tasks if isinstance(task, Call)]


@pytest.mark.parametrize(
    "result", [0, -1, 2**53 - 1, 1 - 2**53, 2**53, True, None, 1.5, "x", [1], {"a": 1}]
)
def test_small_results_are_written_like_all_others(result: Any) -> None:
    """W-2: integers have a way of their own."""
    from pyferry.negotiated import encode_returned

    written = Negotiated(Limits(LIMIT), Parcels(), is_strict=True).returned(7, result)

    assert written == encode_returned(7, result, is_strict=True, limits=Limits(LIMIT))


@pytest.mark.parametrize("result", ["x" * 40, b"x" * 40, 10**30, [b"x" * 40, "y"], list(range(99))])
def test_what_is_over_the_limit_goes_in_pieces(result: Any) -> None:
    """D-4: and no frame of them is over it."""
    large = Negotiated(Limits(30), Parcels(), is_strict=True).returned(7, result)

    assert isinstance(large, Large)
    frames = [b"".join(parts) for parts in large.frames()]
    assert max(map(len, frames)) <= 4 + 30
    parcels = Parcels()
    bodies = [frame[4:] for frame in frames]
    assert [parcels.add(body) for body in bodies] == [True] * (len(bodies) - 1) + [False]


def test_a_result_over_its_limit_is_refused_by_its_size() -> None:
    """D-4: text and attachments count together, in whatever way they would go."""
    dialect = Negotiated(Limits(LIMIT, 1000), Parcels(), is_strict=True)

    for result in ["x" * 1000, b"x" * 1000, [b"x" * 500, "y" * 500]]:
        with pytest.raises(ValueTooLargeError) as caught:
            dialect.returned(7, result)
        assert caught.value.limit == 1000
        assert 1000 < caught.value.size < 1100
    assert dialect.returned(7, "x" * 900)
    assert dialect.returned(7, b"x" * 900)


@pytest.fixture
def host() -> Iterator[Host]:
    """Give a host whose worker has been accepted."""
    made = Host("fd", threads=2)
    ready = made.receive()
    assert ready is not None
    assert ready["protocol"] == 1
    made.send({"type": "accept", "protocol": 1})
    yield made
    made.stop()


def frame(*messages: Any) -> bytes:
    body = json.dumps(messages).encode()
    return len(body).to_bytes(4, "big") + body


def answers(host: Host, count: int) -> list[Any]:
    found: list[Any] = []
    while len(found) < count:
        received: Any = host.receive()
        assert received is not None, found
        found += received
    return found


def test_calls_of_one_frame_are_all_answered(host: Host) -> None:
    """W-2: positional arguments, keywords, marks, and failures that are their own."""
    host.write(frame(["define", "o1", {"code": "def add(a, b=2): return a + b"}], ["ping"]))
    hello, *others = answers(host, 3)
    assert hello == ["hello", {}]
    # Another thread answers the ping where the define takes longer than a tick of the monitor.
    assert sorted(others) == [["defined", "o1"], ["pong"]]

    calls = [
        [0, "add", [1]],
        [1, "add", [1], {"b": 5}],
        [2, "add", ["9007199254740993", 1], None, [[[0], "int"]]],
        [3, "add", ["x", 1]],
        [4, "nothing", []],
    ]
    host.write(frame(*calls))
    by_id = {each[1] if each[0] == "failed" else each[0]: each for each in answers(host, 5)}

    assert by_id[0] == [0, 3]
    assert by_id[1] == [1, 6]
    assert by_id[2] == [2, "9007199254740994", [[[], "int"]]]
    assert by_id[3][0] == "failed"
    assert by_id[3][2]["errorType"] == "TypeError"
    assert by_id[4][2]["errorKind"] == "function-not-found"


def test_a_slow_call_holds_up_nothing_behind_it_in_its_frame() -> None:
    """W-2, V-2: the batch of a thread that is stuck is taken back; at most `threads` at once."""
    made = Host("fd", threads=2)
    try:
        made.receive()
        made.send({"type": "accept", "protocol": 1})
        code = "import threading\nevent = threading.Event()\ndef wait(): return event.wait(60)\n"
        made.write(frame(["define", "o1", {"code": code + "def go(): event.set()\n"}]))
        answers(made, 2)
        made.write(frame([1, "wait", []], [2, "go", []]))
        assert sorted(answers(made, 2)) == [[1, True], [2, None]]
    finally:
        made.stop()


def test_a_version_that_is_not_spoken_ends_it() -> None:
    """W-2: with an error that names both."""
    made = Host("fd")
    try:
        made.receive()
        made.send({"type": "accept", "protocol": 7})
        error = made.receive()
        assert error is not None
        assert error["errorType"] == "ProtocolVersionError"
        assert "7" in error["errorMessage"]
        assert "1" in error["errorMessage"]
        assert made.receive() is None
        assert made.process.wait(60) == 1
    finally:
        made.stop()


def test_accept_comes_first_or_not_at_all() -> None:
    """W-2: a host that has begun in base stays there."""
    made = Host("fd")
    try:
        made.receive()
        made.send({"type": "ping"}, {"type": "accept", "protocol": 1})
        assert made.receive() == {"type": "pong"}
        error = made.receive()
        assert error is not None
        assert error["errorType"] == "MalformedFrameError"
        assert made.process.wait(60) == 1
    finally:
        made.stop()


def test_strict_values_are_asked_for() -> None:
    """D-3: what no rule carries is its repr, or fails its call."""
    code = "class Thing:\n    def __repr__(self): return 'a thing'\ndef f(): return Thing()\n"
    for is_strict in (False, True):
        made = Host("fd")
        try:
            made.receive()
            made.send({"type": "accept", "protocol": 1, "strictValues": is_strict})
            made.write(frame(["define", "o1", {"code": code}], [1, "f", []]))
            answer = answers(made, 3)[2]
            if is_strict:
                assert answer[0] == "failed"
                assert answer[2]["errorPath"] == "result"
            else:
                assert answer == [1, "a thing"]
        finally:
            made.stop()


def test_floats_of_all_kinds_come_back(host: Host) -> None:
    """D-1: and are written so that they read back as floats."""
    host.write(frame(["define", "o1", {"code": "def f(x): return x"}]))
    answers(host, 2)
    sent = [
        ["nan", "inf", "-0", 0.5, 1e300],
        None,
        [[[0, 0], "float"], [[0, 1], "float"], [[0, 2], "float"]],
    ]
    host.write(frame([1, "f", [sent[0]], sent[1], sent[2]]))
    (answer,) = answers(host, 1)
    assert answer[1][3:] == [0.5, 1e300]
    assert [kind for _, kind in answer[2]] == ["float"] * (len(answer[2]))
    assert math.isinf(float(answer[1][1]))


@pytest.mark.parametrize("inline", [0, 1 << 20], ids=["in a parcel", "in the frame"])
def test_nesting_that_cannot_be_read_is_malformed(inline: int) -> None:
    """D-6, W-4: 100,000 levels."""
    text = b'[[1,"f",[' + b"[" * 100_000 + b"]" * 100_000 + b"]]]"
    parcels = Parcels()
    *pieces, last = [b"".join(each)[4:] for each in Large(text, [], inline, 1 << 26).frames()]
    for piece in pieces:
        assert decode_batch(piece, parcels) == []
    with pytest.raises(MalformedFrameError, match="nested too deeply"):
        decode_batch(last, parcels)
