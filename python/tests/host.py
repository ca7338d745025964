"""A host of its own: knows `protocol/PROTOCOL.md` and nothing of the worker's code."""

from __future__ import annotations

import json
import os
import pathlib
import select
import subprocess
import sys
import threading
from typing import Any

PYTHON = os.environ.get("PYFERRY_TEST_PYTHON", sys.executable)
SOURCES = str(pathlib.Path(__file__).resolve().parent.parent / "src")
DEADLINE_SECONDS = 60
"""After which a test fails rather than hangs."""


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
        theirs_in, self._write_end = os.pipe()
        self._read_end, theirs_out = os.pipe()
        if way == "stdio":
            command = [python, "-m", "pyferry", "--stdio", *command]
            popen = {"env": {**os.environ, "PYTHONPATH": sources}, **popen}
            popen = {"stdin": theirs_in, "stdout": theirs_out, **popen}
        else:
            boot = os.path.join(sources, "boot.py")
            ends = ["--fd-in", str(theirs_in), "--fd-out", str(theirs_out)]
            command = [python, "-I", "-S", "-X", "utf8", boot, *ends, *command]
            popen["pass_fds"] = (theirs_in, theirs_out, *popen.get("pass_fds", ()))
            popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **popen}
        self.process = subprocess.Popen(command, **{"stderr": subprocess.PIPE, **popen})
        os.close(theirs_in)
        os.close(theirs_out)
        self._data = b""
        self._aside: list[dict[str, Any]] = []
        self._ids = 0

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._write_end, data) :]

    def send(self, *messages: dict[str, Any]) -> None:
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
        self.end_input()
        os.close(self._read_end)
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
