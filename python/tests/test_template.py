"""The process that workers are forked from (docs/forked-start.md)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from host import DEADLINE_SECONDS, PYTHON, Meeting, boot_file
from pyferry import template
from pyferry.errors import TemplateError

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is forked there")


class Asked:
    """A template, and the host's end of what it is asked on."""

    def __init__(self, *arguments: str) -> None:
        self._control, theirs = socket.socketpair()
        self._control.settimeout(DEADLINE_SECONDS)
        read_end, self._lifeline = os.pipe()
        numbers = ["--control", str(theirs.fileno()), "--lifeline", str(read_end)]
        self.process = subprocess.Popen(
            [PYTHON, "-I", "-S", boot_file(), *numbers, *arguments],
            pass_fds=[theirs.fileno(), read_end],
            start_new_session=True,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        os.close(read_end)
        self._lines = self._control.makefile("rb")

    def ask(self, **request: object) -> None:
        self._control.sendall(json.dumps(request).encode() + b"\n")

    def hear(self) -> dict[str, Any]:
        told = json.loads(self._lines.readline())
        assert isinstance(told, dict)
        return told

    def ask_no_more(self) -> None:
        self._control.shutdown(socket.SHUT_WR)

    def let_go(self) -> None:
        """End its lifeline."""
        os.close(self._lifeline)
        self._lifeline = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        os.close(self._lifeline)
        self.process.kill()
        self.process.communicate(timeout=DEADLINE_SECONDS)
        self._lines.close()
        self._control.close()


@pytest.fixture
def asked() -> Iterator[Asked]:
    made = Asked()
    try:
        yield made
    finally:
        made.close()


def test_forks_what_it_is_asked_for_and_tells_its_end(asked: Asked) -> None:
    """V-14: pid and exit code of a worker, and its number with each."""
    assert asked.hear() == {"ready": True}
    with Meeting("unix", "lifeline") as meeting:
        asked.ask(fork=7, cwd="/", arguments=["--max-workers", "1"], meet=meeting.fields)
        write_end, read_end, lifeline = meeting.accept()
        forked = asked.hear()
        assert forked["forked"] == 7
        os.write(write_end, (15).to_bytes(4, "big") + b'{"type":"ping"}')
        said = os.read(read_end, 4096)
        assert b'"ready"' in said
        assert str(forked["pid"]).encode() in said
        os.close(write_end)

        assert asked.hear() == {"ended": 7, "status": 0}
        os.close(read_end)
        os.close(lifeline)


def test_tells_the_signal_that_ended_a_worker(asked: Asked) -> None:
    """V-14: as a negative number."""
    asked.hear()
    with Meeting("unix", "lifeline") as meeting:
        asked.ask(fork=1, cwd="/", arguments=["--max-workers", "1"], meet=meeting.fields)
        ends = meeting.accept()
        os.kill(asked.hear()["pid"], signal.SIGKILL)

        assert asked.hear() == {"ended": 1, "status": -signal.SIGKILL}
        for end in ends:
            os.close(end)


def test_a_worker_that_meets_nobody_ends(asked: Asked) -> None:
    """W-5: with 2, and the template goes on."""
    asked.hear()
    nowhere = {"type": "connect", "transport": "unix", "address": "/nowhere/s"}
    fields = {**nowhere, "in": "1", "out": "2", "host": "3", "lifeline": "4"}
    for number in (1, 2):
        asked.ask(fork=number, cwd="/", arguments=["--max-workers", "1"], meet=fields)

    told = [asked.hear() for _ in range(4)]

    assert {"ended": 1, "status": 2} in told
    assert {"ended": 2, "status": 2} in told


def test_ends_when_it_is_asked_no_more(asked: Asked) -> None:
    """V-15: with 0."""
    asked.hear()
    asked.ask_no_more()

    assert asked.process.wait(DEADLINE_SECONDS) == 0


def test_dies_with_its_host(asked: Asked) -> None:
    """S-4: also when it is asked on."""
    asked.hear()
    if sys.platform == "linux":
        asked.let_go()
    else:
        asked.ask_no_more()
    asked.process.wait(DEADLINE_SECONDS)


def test_a_worker_dies_with_its_host(asked: Asked) -> None:
    """S-4: the end of its lifeline is the end, whatever becomes of the channel."""
    asked.hear()
    with Meeting("unix", "lifeline") as meeting:
        asked.ask(fork=1, cwd="/", arguments=["--max-workers", "1"], meet=meeting.fields)
        write_end, read_end, lifeline = meeting.accept()
        asked.hear()
        os.close(lifeline)

        assert asked.hear() == {"ended": 1, "status": -signal.SIGKILL}
        os.close(write_end)
        os.close(read_end)


@pytest.mark.parametrize(
    ("preload", "error_type", "words"),
    [
        ("json,nowhere_to_be_found", "ModuleNotFoundError", "nowhere_to_be_found"),
        ("json,", "ValueError", "Empty module name"),
    ],
)
def test_a_preload_that_fails_is_told(preload: str, error_type: str, words: str) -> None:
    """V-4: as a failure of a call is."""
    asked = Asked("--preload", preload)
    try:
        failed = asked.hear()["failed"]
        assert failed["errorType"] == error_type
        assert words in failed["errorMessage"]
        assert asked.process.wait(DEADLINE_SECONDS) == 1
    finally:
        asked.close()


def test_a_thread_is_refused() -> None:
    """S-4: it would be missing in what is forked."""
    template.refuse_what_no_fork_survives()
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="watcher")
    thread.start()
    try:
        with pytest.raises(TemplateError, match=r"a thread runs \(.*watcher.*\)"):
            template.refuse_what_no_fork_survives()
    finally:
        over.set()
        thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="what is open can be read there alone")
def test_an_open_device_is_refused(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S-4: CUDA works in no child of a process that has used it."""
    device = tmp_path / "nvidia0"
    monkeypatch.setattr(template, "DEVICES", str(tmp_path / "nvidia"))
    with device.open("w"), pytest.raises(TemplateError, match="nvidia0 is open, and CUDA works in"):
        template.refuse_what_no_fork_survives()
    template.refuse_what_no_fork_survives()
