"""A host of its own: knows `protocol/PROTOCOL.md` and nothing of the worker's code."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import threading
from typing import Any

PYTHON = os.environ.get("PYFERRY_TEST_PYTHON", sys.executable)
SOURCES = str(pathlib.Path(__file__).resolve().parent.parent / "src")
DEADLINE_SECONDS = 60
"""After which a test fails rather than hangs."""


def boot_file(sources: str = SOURCES) -> str:
    return os.path.join(sources, "boot.py")


class Meeting:
    """The host's part of "Meeting on a socket".

    Attributes:
        fields: what the worker is told; a test may change it before that.
    """

    def __init__(self, way: str, *more: str) -> None:
        """`more`: what there is to be a connection for beside `in` and `out`."""
        self._folder = tempfile.TemporaryDirectory()
        if way == "unix":
            self._server = socket.socket(socket.AF_UNIX)
            address = os.path.join(self._folder.name, "s")
            self._server.bind(address)
        else:
            self._server = socket.socket(socket.AF_INET)
            self._server.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._server.listen()
        self._server.settimeout(DEADLINE_SECONDS)
        secrets = {"in": "1" * 64, "out": "2" * 64, "host": "3" * 64}
        self._more = {name: str(number) * 64 for number, name in enumerate(more, 4)}
        secrets.update(self._more)
        self.fields = {"type": "connect", "transport": way, "address": address, **secrets}

    def __enter__(self) -> Meeting:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self._folder.cleanup()

    def invitation(self) -> bytes:
        body = json.dumps(self.fields).encode()
        return len(body).to_bytes(4, "big") + body

    def accept(self, answer: str = "3" * 64) -> tuple[int, ...]:
        """Return the descriptors to write to, to read from, and what else there is to be.

        Both ends have said theirs then.
        """
        connections: dict[str, socket.socket] = {}
        for _ in range(2 + len(self._more)):
            connection, _address = self._server.accept()
            connection.settimeout(DEADLINE_SECONDS)
            said = b""
            while len(said) < 64:
                piece = connection.recv(64 - len(said))
                assert piece, "the worker has hung up before it said its secret"
                said += piece
            connections[said.decode()] = connection
        for connection in connections.values():
            # Who has heard the wrong thing on the one may be gone before we say it on the other.
            with contextlib.suppress(ConnectionError):
                connection.sendall(answer.encode())
            connection.setblocking(True)
        said_on = ["1" * 64, "2" * 64, *self._more.values()]
        return tuple(connections[said].detach() for said in said_on)


class Host:
    """Starts a worker one way or the other, writes frames and reads frames."""

    def __init__(
        self,
        way: str,
        threads: int = 1,
        options: tuple[str, ...] = (),
        python: str = PYTHON,
        sources: str = SOURCES,
        **popen: Any,
    ) -> None:
        command = ["--max-workers", str(threads), *options]
        if way in ("unix", "tcp"):
            self._meet(way, [python, "-I", "-S", "-X", "utf8", boot_file(sources)], command, popen)
            return
        theirs_in, self._write_end = os.pipe()
        self._read_end, theirs_out = os.pipe()
        if way == "stdio":
            command = [python, "-m", "pyferry", "--stdio", *command]
            popen = {"env": {**os.environ, "PYTHONPATH": sources}, **popen}
            popen = {"stdin": theirs_in, "stdout": theirs_out, **popen}
        else:
            ends = ["--fd-in", str(theirs_in), "--fd-out", str(theirs_out)]
            command = [python, "-I", "-S", "-X", "utf8", boot_file(sources), *ends, *command]
            popen["pass_fds"] = (theirs_in, theirs_out, *popen.get("pass_fds", ()))
            popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **popen}
        self.process = subprocess.Popen(command, **{"stderr": subprocess.PIPE, **popen})
        os.close(theirs_in)
        os.close(theirs_out)
        self._begin()

    def _begin(self) -> None:
        self._data = b""
        self._aside: list[dict[str, Any]] = []
        self._ids = 0

    def _meet(self, way: str, python: list[str], options: list[str], popen: dict[str, Any]) -> None:
        """Start a worker that connects to a socket of ours."""
        with Meeting(way) as meeting:
            popen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen}
            self.process = subprocess.Popen(
                [*python, "--connect", *options], **{**popen, "stdin": subprocess.PIPE}
            )
            assert self.process.stdin is not None
            self.process.stdin.write(meeting.invitation())
            self.process.stdin.flush()
            self._write_end, self._read_end = meeting.accept()
        self._begin()

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._write_end, data) :]

    def send(self, *messages: dict[str, Any] | list[Any]) -> None:
        bodies = [json.dumps(message).encode() for message in messages]
        self.write(b"".join(len(body).to_bytes(4, "big") + body for body in bodies))

    def receive(self) -> dict[str, Any] | None:
        """Return the next message, or `None` at the end of the stream, which is between frames."""
        while True:
            size = 4 + int.from_bytes(self._data[:4], "big")
            if len(self._data) >= 4 and len(self._data) >= size:
                body, self._data = self._data[4:size], self._data[size:]
                return json.loads(body)
            assert select.select([self._read_end], [], [], DEADLINE_SECONDS)[0], "no answer came"
            data = os.read(self._read_end, 1 << 20)
            if not data:
                assert self._data == b"", "the stream ended inside a frame"
                return None
            self._data += data

    def read_all(self) -> bytes:
        """Return all that is still to come, up to the end of the stream."""
        while True:
            assert select.select([self._read_end], [], [], DEADLINE_SECONDS)[0], "no end came"
            data = os.read(self._read_end, 1 << 20)
            if not data:
                break
            self._data += data
        rest, self._data = self._data, b""
        return rest

    def receive_until(self, **wanted: Any) -> dict[str, Any]:
        """Return the first message with these fields; others are kept for later."""
        for index, message in enumerate(self._aside):
            if wanted.items() <= message.items():
                return self._aside.pop(index)
        while True:
            message = self.receive()
            assert message is not None, f"the stream ended before {wanted}"
            if wanted.items() <= message.items():
                return message
            self._aside.append(message)

    def begin(self, function: str, *args: Any, **kwargs: Any) -> str:
        """Send a call with its arguments spread and return its id."""
        self._ids += 1
        spread = {"args": args, "kwargs": kwargs}
        call = {"type": "call", "callID": f"c{self._ids}", "func": function, "args": None}
        self.send({**call, "spread": spread})
        return call["callID"]

    def answer(self, call_id: str) -> dict[str, Any]:
        return self.receive_until(type="call_done", callID=call_id)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call and return the result; fail the test when the call failed."""
        answer = self.answer(self.begin(function, *args, **kwargs))
        assert answer["ok"], answer
        return answer["result"]

    def failure(self, function: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer = self.answer(self.begin(function, *args, **kwargs))
        assert not answer["ok"], answer
        return answer

    def try_define(self, code: str = "", **fields: Any) -> dict[str, Any]:
        self._ids += 1
        self.send({"type": "define", "opID": f"o{self._ids}", "code": code, **fields})
        return self.receive_until(type="op_done", opID=f"o{self._ids}")

    def define(self, code: str = "", **fields: Any) -> None:
        answer = self.try_define(code, **fields)
        assert answer["ok"], answer.get("traceback")

    def end_input(self) -> None:
        if self._write_end >= 0:
            os.close(self._write_end)
            self._write_end = -1

    def lose(self) -> None:
        """Be gone: neither write nor read any more."""
        self.end_input()
        if self._read_end >= 0:
            os.close(self._read_end)
            self._read_end = -1

    def finish(self) -> tuple[int, list[dict[str, Any]], str, str]:
        """End the input; return the exit code, the last messages, and all of stdout and stderr."""
        self.end_input()
        texts = {"stdout": b"", "stderr": b""}

        def gather(name: str) -> None:
            stream = getattr(self.process, name)
            if stream is not None:
                texts[name] = stream.read()

        threads = [threading.Thread(target=gather, args=(name,)) for name in texts]
        for thread in threads:
            thread.start()
        rest = list(self._aside)
        self._aside = []
        message = self.receive()
        while message is not None:
            rest.append(message)
            message = self.receive()
        code = self.process.wait(DEADLINE_SECONDS)
        for thread in threads:
            thread.join(DEADLINE_SECONDS)
        return code, rest, texts["stdout"].decode(), texts["stderr"].decode()

    def stop(self) -> None:
        """Leave nothing behind, whatever state the test was left in."""
        self.lose()
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
