"""The golden frames that both languages read (contract W-3)."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from pyferry import messages
from pyferry.errors import ProtocolError
from pyferry.framing import FrameReader, encode_frame
from pyferry.jsontext import parse_json, write_json
from pyferry.messages import Call, Define, Ping, Unknown, decode_message
from pyferry.values import to_wire

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "protocol" / "vectors"
VECTORS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
FROM_HOST = [name for name, vector in VECTORS.items() if vector["direction"] == "host"]
# Ours always says who it is: the frame of a worker that does not is another one's.
FROM_WORKER = [
    name
    for name, vector in VECTORS.items()
    if vector["direction"] == "worker"
    and vector.get("canonical")
    and {"type": "ready"} not in vector["messages"]
]
DEFAULT_LIMIT = 64 * 1024 * 1024


def meaning(message: messages.Message) -> tuple[dict[str, Any], str | None]:
    """Return a message as the vectors write it, and the path of what cannot be read."""
    if isinstance(message, Ping):
        return {"type": "ping"}, None
    if isinstance(message, Unknown):
        return {"type": message.type}, None
    if isinstance(message, Define):
        fields = {
            "parts": message.parts
            and [{"name": name, "code": code} for name, code in message.parts],
            "modules": message.modules,
            "importPaths": message.import_paths,
            "expose": message.expose,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        return {"type": "define", "opID": message.op_id, "code": message.code, **known}, None
    assert isinstance(message, Call)
    call: dict[str, Any] = {"type": "call", "callID": message.call_id, "func": message.function}
    if message.problem is not None:
        return call, message.problem.path
    if message.is_spread:
        call["args"] = None
        call["spread"] = {"args": to_wire(message.args), "kwargs": to_wire(message.kwargs)}
    else:
        call["args"] = to_wire(message.args[0])
    return call, None


def read(pieces: list[bytes], limit: int) -> tuple[list[Any], dict[str, str], str | None]:
    """Return what a reader gets: meanings, unreadable values by index, and the error at the end."""
    reader = FrameReader(limit)
    found: list[Any] = []
    unreadable: dict[str, str] = {}
    try:
        for piece in pieces:
            reader.push(piece)
            body = reader.try_next()
            while body is not None:
                known, path = meaning(decode_message(body))
                if path is not None:
                    unreadable[str(len(found))] = path
                found.append(known)
                body = reader.try_next()
        reader.end()
    except ProtocolError as error:
        return found, unreadable, type(error).__name__
    return found, unreadable, None


def expected(vector: dict[str, Any]) -> tuple[list[Any], dict[str, str], str | None]:
    unreadable = {} if vector.get("unreadableBy") == "host" else vector.get("unreadable", {})
    error = vector.get("error")
    return vector["messages"], unreadable, error and f"{error}Error"


def test_there_are_vectors_of_every_outcome() -> None:
    """W-3: an empty folder would pass every test below."""
    errors = {VECTORS[name].get("error") for name in FROM_HOST}
    assert {None, "FrameTooLarge", "TruncatedFrame", "MalformedFrame"} == errors
    assert FROM_WORKER


@pytest.mark.parametrize("name", FROM_HOST)
def test_a_host_s_frames_mean_what_their_vector_says(name: str) -> None:
    """W-3: read in one piece and one byte at a time."""
    vector, data = VECTORS[name], (FOLDER / f"{name}.bin").read_bytes()
    limit = vector.get("maxFrameBytes", DEFAULT_LIMIT)

    assert expected(vector) == read([data], limit)
    assert expected(vector) == read([data[i : i + 1] for i in range(len(data))], limit)


@pytest.mark.parametrize("name", FROM_HOST)
def test_a_host_s_frames_may_be_cut_anywhere(name: str) -> None:
    """W-3: the same at every position."""
    vector, data = VECTORS[name], (FOLDER / f"{name}.bin").read_bytes()
    limit = vector.get("maxFrameBytes", DEFAULT_LIMIT)
    step = max(1, len(data) // 500)

    for cut in range(0, len(data), step):
        assert expected(vector) == read([data[:cut], data[cut:]], limit), cut


@pytest.mark.parametrize("name", FROM_WORKER)
def test_a_worker_s_messages_are_written_equivalently(name: str) -> None:
    """W-3: as ASCII, with the fields in the same order."""
    frames = []
    for message in VECTORS[name]["messages"]:
        frames.append(encode_frame(encode(dict(message)), DEFAULT_LIMIT))

    data = (FOLDER / f"{name}.bin").read_bytes()
    assert [json.dumps(body) for body in bodies(data)] == [
        json.dumps(body) for body in bodies(b"".join(frames))
    ]


def encode(message: dict[str, Any]) -> str:
    kind = message.pop("type")
    if kind == "pong":
        return messages.PONG
    if kind == "error":
        return messages.encode_error(message["errorType"], message["errorMessage"])
    if kind == "op_done":
        op_id, ok = message.pop("opID"), message.pop("ok")
        return messages.encode_op_done(op_id, None if ok else message)
    if kind == "call_done":
        call_id, ok = message.pop("callID"), message.pop("ok")
        if ok:
            return messages.encode_returned(call_id, write_json(message["result"]))
        return messages.encode_failed(call_id, message)
    assert kind == "ready"
    return messages.encode_ready(
        message["pid"], message["pythonVersion"], message["implementation"], None
    )


def bodies(data: bytes) -> list[Any]:
    reader = FrameReader(DEFAULT_LIMIT)
    reader.push(data)
    found = []
    body = reader.try_next()
    while body is not None:
        found.append(parse_json(body.decode("utf-8")))
        body = reader.try_next()
    return found
