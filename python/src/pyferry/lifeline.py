"""Dying with the host, also when it is killed and nobody asks us to go (contract S-4).

The host holds the other end of a descriptor that nobody writes to any more. On Linux the kernel
itself kills our process group when that end closes, which works while C code holds the GIL too and
costs no thread; elsewhere a thread watches it.

Where all we have of the host is stdin and stdout (`--stdio`: behind a container's or a remote
shell's command), a thread watches those. The kernel's way would fire for every frame.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["end_if_closed", "end_if_unread", "hold_lifeline", "hold_stdio"]

F_SETSIG = 10
"""Of `fcntl(2)` on Linux; Python's `fcntl` does not name it everywhere."""

SIGKILL = 9

GONE_MS = 20
"""A host that was killed loses all its descriptors within a fraction of this, in any order."""


def hold_lifeline(descriptor: int) -> None:
    """Let this process's group be killed when the other end of `descriptor` closes.

    Where another process leads the group, which may be the host itself, this process alone.

    Args:
        descriptor: not inheritable; ours from now on. A forked child keeps it, and dies with the
            group.
    """
    if sys.platform == "linux":
        _let_the_kernel_watch(descriptor)
    elif sys.platform != "win32":
        import _thread

        _thread.start_new_thread(_watch, (descriptor, None))


def hold_stdio(read_end: int, write_end: int, grace_ms: int) -> None:
    """Let this process end when its host does, whatever it is doing.

    A host that wants us to end closes stdin and still reads; one that is gone does neither. Through
    a container or a shell on another machine only the end of stdin can be seen: so what runs may go
    on for a while after that, and no longer.

    Args:
        read_end: the channel's stdin.
        write_end: its stdout; when nobody reads it any more, the end is now.
        grace_ms: how long, after the end of stdin.
    """
    if sys.platform != "win32":
        import _thread

        _thread.start_new_thread(_watch_stdio, (read_end, write_end, grace_ms))


def end_if_unread(write_end: int) -> None:
    """Take our group along when the host is gone; to be asked before we go at the end of stdin.

    A host that has only closed stdin ends the group itself. It waits for us, 20 ms longer.
    """
    if sys.platform != "win32":
        import select

        poll = select.poll()
        poll.register(write_end, 0)
        if poll.poll(GONE_MS):
            _end()


def end_if_closed(lifeline: int) -> None:
    """Take our group along when the host is gone; to be asked before we go at the end of a socket.

    The kernel watches a lifeline only as long as we are there. A host that has only closed the
    channel waits for us, 20 ms longer.
    """
    if sys.platform != "win32":
        _watch(lifeline, GONE_MS)


if sys.platform != "win32":
    import fcntl

    def _leads() -> bool:
        return os.getpgrp() == os.getpid()

    def _end() -> NoReturn:
        if _leads():
            os.killpg(0, SIGKILL)
        os.kill(os.getpid(), SIGKILL)
        # The first process of a container cannot be killed from inside.
        os._exit(1)

    def _let_the_kernel_watch(descriptor: int) -> None:
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp() if _leads() else os.getpid())
        fcntl.fcntl(descriptor, F_SETSIG, SIGKILL)
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
        # The kernel tells of changes only: a host that died before the line above would never be
        # noticed.
        _watch(descriptor, 0)

    def _watch(descriptor: int, timeout_ms: int | None) -> None:
        """End once the other end is closed; return when it is not within the time."""
        import select

        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if poll.poll(timeout_ms):
            _end()

    def _watch_stdio(read_end: int, write_end: int, grace_ms: int) -> None:
        import select

        poll = select.poll()
        # Without POLLIN: that somebody has gone is reported for any descriptor, on Linux also that
        # a socket was closed for writing alone.
        poll.register(read_end, getattr(select, "POLLRDHUP", 0))
        poll.register(write_end, 0)
        if all(descriptor != write_end for descriptor, _ in poll.poll()):
            poll.unregister(read_end)
            poll.poll(grace_ms)
        _end()
