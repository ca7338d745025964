"""Dying with the host, also when it is killed and nobody asks us to go (contract S-4).

The host holds the other end of a descriptor that nobody ever writes to. On Linux the kernel itself
kills our process group when that end closes, which works while C code holds the GIL too and costs
no thread; elsewhere a thread watches it.
"""

from __future__ import annotations

import os
import sys

__all__ = ["hold_lifeline"]

F_SETSIG = 10
"""Of `fcntl(2)` on Linux; Python's `fcntl` does not name it everywhere."""

SIGKILL = 9


def hold_lifeline(descriptor: int) -> None:
    """Let this process's group be killed when the other end of `descriptor` closes.

    Does nothing unless we lead a process group of our own: the group would be the host's.

    Args:
        descriptor: not inheritable; ours from now on. A forked child keeps it, and dies with the
            group.
    """
    if not hasattr(os, "getpgrp") or os.getpgrp() != os.getpid():
        return
    if sys.platform == "linux":
        _let_the_kernel_watch(descriptor)
    else:
        import _thread

        _thread.start_new_thread(_watch, (descriptor, None))


if sys.platform != "win32":
    import fcntl

    def _let_the_kernel_watch(descriptor: int) -> None:
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(descriptor, F_SETSIG, SIGKILL)
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
        # The kernel tells of changes only: a host that died before the line above would never be
        # noticed.
        _watch(descriptor, 0)

    def _watch(descriptor: int, timeout_ms: int | None) -> None:
        """Kill our group once the other end is closed; return when it is not within the time."""
        import select

        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if poll.poll(timeout_ms):
            os.killpg(0, SIGKILL)
