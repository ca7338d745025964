"""Meeting the host on a socket (contract W-5; PROTOCOL.md, "Meeting on a socket")."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from host import DEADLINE_SECONDS, PYTHON, Meeting, boot_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from host import Host

SOCKETS = pytest.mark.parametrize("way", ["unix", "tcp"])


def start_process(**popen: Any) -> subprocess.Popen[bytes]:
    command = [PYTHON, "-I", "-S", boot_file(), "--connect", "--max-workers", "1"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen
    )


def complaint(said: bytes, *, ends: bool = False) -> tuple[int, bytes, str]:
    """Start a worker that is told this on stdin; return its status and all it wrote."""
    process = start_process()
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdin.write(said)
        process.stdin.flush()
        if ends:
            process.stdin.close()
        # It may stay open: its end is the host's.
        code = process.wait(DEADLINE_SECONDS)
        return code, process.stdout.read(), process.stderr.read().decode()


def frame(fields: object) -> bytes:
    body = json.dumps(fields).encode()
    return len(body).to_bytes(4, "big") + body


def said_on(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 100)
    except ConnectionResetError:
        # It was closed with our word unread, and nothing came before that.
        return b""


GOOD = {"type": "connect", "transport": "unix", "address": "/nowhere/s"}
SECRETS = {"in": "a", "out": "b", "host": "c"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "before it said everything"),
        (frame(GOOD)[:-3], "before it said everything"),
        (b"what is this?", "something else than where to connect"),
        (b"\0\0\0\3abc", "not JSON"),
        (frame([]), "does not tell where to connect"),
        (frame({**GOOD, "in": "a", "out": "b"}), "does not tell where to connect"),
        (frame({**GOOD, **SECRETS, "in": 5}), "does not tell where to connect"),
        (frame({**GOOD, **SECRETS, "type": "call"}), "does not tell where to connect"),
        (frame({**GOOD, **SECRETS, "transport": "fd"}), "'fd' is not known here"),
        (frame({**GOOD, **SECRETS, "transport": "tcp", "address": "home"}), "no address"),
        (frame({**GOOD, **SECRETS}), "No such file or directory"),
    ],
)
def test_what_cannot_be_used_is_named(said: bytes, words: str) -> None:
    """W-5: with status 2, a word on stderr, and nothing on stdout."""
    code, stdout, stderr = complaint(said, ends="before it said everything" in words)

    assert (code, stdout) == (2, b"")
    assert stderr.startswith("pyferry: the channel cannot be used: ")
    assert words in stderr


@SOCKETS
def test_a_host_that_does_not_know_its_secret_is_not_served(way: str) -> None:
    """W-5: somebody may have taken the address of a host that is gone."""
    process = start_process()
    assert process.stdin is not None
    with process, Meeting(way) as meeting:
        process.stdin.write(meeting.invitation())
        process.stdin.flush()
        write_end, read_end = meeting.accept(answer="4" * 64)

        assert process.wait(DEADLINE_SECONDS) == 2
        assert said_on(read_end) == b""
        assert process.stderr is not None
        assert b"is not the host that started us" in process.stderr.read()
        os.close(write_end)
        os.close(read_end)


@SOCKETS
def test_an_address_without_a_listener_is_named(way: str) -> None:
    """W-5: the host has ended meanwhile, or never began."""
    with Meeting(way) as meeting:
        said = meeting.invitation()
    code, stdout, stderr = complaint(said)

    assert (code, stdout) == (2, b"")
    assert "the channel cannot be used" in stderr


@SOCKETS
def test_user_code_finds_neither_the_secrets_nor_the_host_s_stdin(
    start: Callable[..., Host], way: str
) -> None:
    """W-5: nothing is in argv or the environment, and stdin is at its end."""
    host = start(way)
    host.define(
        "import os, sys\n"
        "def look():\n"
        "    names = ('cmdline', 'environ') if sys.platform == 'linux' else ()\n"
        "    texts = [open(f'/proc/self/{name}').read() for name in names]\n"
        "    return [*texts, *sys.argv, *os.environ.values(), sys.stdin.read()]\n"
    )
    texts = host.call("look")

    assert texts[-1] == ""
    assert not any("1" * 64 in text or "2" * 64 in text for text in texts)


@SOCKETS
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX")
@pytest.mark.parametrize("busy", ["loop", "hold_the_gil"])
def test_stdin_is_the_lifeline(start: Callable[..., Host], way: str, busy: str) -> None:
    """S-4: whatever the worker is doing, also while C code holds the GIL."""
    if busy == "hold_the_gil" and sys.platform != "linux":
        pytest.skip("elsewhere a thread watches, which needs the GIL")
    host = start(way, start_new_session=True)
    host.define(
        "import re\n"
        "def hold_the_gil(): re.match('(a*)*b', 'a' * 100)\n"
        "def loop():\n    while True: pass\n"
        "def begin(name):\n    print('busy', flush=True)\n    globals()[name]()\n"
    )
    host.begin("begin", busy)
    assert host.process.stdout is not None
    assert host.process.stdout.readline() == b"busy\n"
    assert host.process.stdin is not None
    host.process.stdin.close()

    assert host.process.wait(DEADLINE_SECONDS) == -signal.SIGKILL
