"""Dying with the host (contract S-4)."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from host import PYTHON, SOURCES, Host

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX")


def with_lifeline(start: Callable[..., Host], **options: bool) -> tuple[Host, int]:
    theirs, ours = os.pipe()
    host = start(options=("--lifeline", str(theirs)), pass_fds=(theirs,), **options)
    os.close(theirs)
    return host, ours


BUSY = """
import os, re, signal, subprocess, sys, time
def loop():
    while True: pass
def hold_the_gil(): re.match('(a*)*b', 'a' * 100)
def nap(): time.sleep(600)
def begin(name):
    print('busy', flush=True)
    globals()[name]()
def child():
    return subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid
def fork():
    child = os.fork()
    if child == 0: time.sleep(600)
    return child
"""


@pytest.mark.parametrize("busy", ["loop", "hold_the_gil", "nap", None])
def test_the_worker_dies_when_the_other_end_closes(
    start: Callable[..., Host], busy: str | None
) -> None:
    """S-4: whatever it is doing, also while C code holds the GIL."""
    if busy == "hold_the_gil" and sys.platform != "linux":
        pytest.skip("elsewhere a thread watches, which needs the GIL")
    host, ours = with_lifeline(start, start_new_session=True)
    host.define(BUSY)
    if busy is not None:
        host.begin("begin", busy)
        assert host.process.stdout is not None
        assert host.process.stdout.readline() == b"busy\n"
    assert host.process.poll() is None
    os.close(ours)

    assert host.process.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["child", "fork"])
def test_its_children_die_with_it(start: Callable[..., Host], kind: str) -> None:
    """S-4: what is in its process group."""
    host, ours = with_lifeline(start, start_new_session=True)
    host.define(BUSY)
    host.call(kind)
    assert host.process.stdout is not None
    os.close(ours)
    assert host.process.wait(60) == -signal.SIGKILL

    # The child holds our stdout as long as it lives.
    assert select.select([host.process.stdout], [], [], 60)[0]
    assert host.process.stdout.read() == b""


def test_a_host_that_is_gone_before_the_start_is_noticed() -> None:
    """S-4: the kernel tells of changes only."""
    theirs, ours = os.pipe()
    os.close(ours)
    host = Host(
        "fd", options=("--lifeline", str(theirs)), pass_fds=(theirs,), start_new_session=True
    )
    os.close(theirs)
    try:
        assert host.process.wait(60) == -signal.SIGKILL
        assert host.receive() is None
    finally:
        host.stop()


def test_a_worker_in_somebody_s_group_dies_alone(start: Callable[..., Host]) -> None:
    """S-4: the group may be the host's own, as it is here, or that of a command in front of us."""
    host, ours = with_lifeline(start)
    host.define(BUSY)
    host.begin("begin", "loop")
    assert host.process.stdout is not None
    assert host.process.stdout.readline() == b"busy\n"
    os.close(ours)

    assert host.process.wait(60) == -signal.SIGKILL


def test_where_the_kernel_does_not_tell_a_thread_watches() -> None:
    """S-4: the way of other POSIX systems, tried here."""
    theirs, ours = os.pipe()
    program = (
        f"import sys; sys.path.insert(0, {SOURCES!r}); sys.platform = 'darwin'\n"
        "from pyferry.lifeline import hold_lifeline\n"
        f"hold_lifeline({theirs}); print('held', flush=True)\n"
        "import time; time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [PYTHON, "-c", program], pass_fds=(theirs,), stdout=subprocess.PIPE, start_new_session=True
    )
    os.close(theirs)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"held\n"
        os.close(ours)

        assert process.wait(60) == -signal.SIGKILL


def begin_loop_over_stdio(start: Callable[..., Host], grace_ms: int, **options: bool) -> Host:
    """A negotiated host over stdin and stdout, with a call that never ends."""
    host = start("stdio", options=("--close-grace-ms", str(grace_ms)), **options)
    host.send({"type": "accept", "protocol": 1})
    host.send([["define", "d", {"code": BUSY}]])
    host.send([[0, "begin", ["loop"]]])
    assert host.process.stderr is not None
    assert host.process.stderr.readline() == b"busy\n"
    return host


@pytest.mark.parametrize("leads", [True, False])
def test_over_stdio_the_worker_ends_when_nobody_reads_it(
    start: Callable[..., Host], leads: bool
) -> None:
    """S-4, W-5: the host is gone, however long the grace is."""
    host = begin_loop_over_stdio(start, 600_000, start_new_session=leads)
    host.lose()

    assert host.process.wait(60) == -signal.SIGKILL


def test_over_stdio_an_idle_worker_takes_its_children_along(start: Callable[..., Host]) -> None:
    """V-15: at the end of stdin, when the host is gone; one that only closes does it itself."""
    host = start("stdio", start_new_session=True)
    host.send({"type": "accept", "protocol": 1})
    host.send([["define", "d", {"code": BUSY}]], [[0, "child", []]])
    while [message[0] for message in host.receive() or ()] != [0]:
        pass
    host.lose()

    assert host.process.wait(60) == -signal.SIGKILL
    # The child holds our stderr as long as it lives.
    assert host.process.stderr is not None
    assert select.select([host.process.stderr], [], [], 60)[0]
    assert host.process.stderr.read() == b""


def test_over_stdio_what_runs_has_a_grace_after_the_end_of_input(
    start: Callable[..., Host],
) -> None:
    """S-4, W-5: through a container's command the end of input is all that can be seen."""
    host = begin_loop_over_stdio(start, 200, start_new_session=True)
    host.end_input()

    assert host.process.wait(60) == -signal.SIGKILL


def test_over_stdio_what_runs_may_end_within_the_grace(start: Callable[..., Host]) -> None:
    """V-15: and what waits is forgotten, for our own host has settled it."""
    host = start("stdio", options=("--close-grace-ms", "600000"))
    host.send({"type": "accept", "protocol": 1})
    host.send(
        [["define", "d", {"code": "import time\ndef nap():\n    print('x'); time.sleep(0.2)"}]]
    )
    host.send([[0, "nap", []], [1, "nap", []]])
    assert host.process.stderr is not None
    assert host.process.stderr.readline() == b"x\n"
    code, frames, _, _ = host.finish()

    assert code == 0
    answered = [message[0] for frame in frames for message in frame if type(message[0]) is int]
    assert answered == [0]


def test_a_host_of_the_base_protocol_may_wait_as_long_as_it_likes(
    start: Callable[..., Host],
) -> None:
    """W-1: end of input, and running and waiting calls are answered."""
    host = start("stdio", options=("--close-grace-ms", "0"))
    host.define("import time\ndef nap(): time.sleep(0.1)")
    first, second = host.begin("nap"), host.begin("nap")
    code, messages, _, _ = host.finish()

    assert (code, [message["callID"] for message in messages]) == (0, [first, second])
