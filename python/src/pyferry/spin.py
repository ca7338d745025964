"""Waiting without going to sleep, for a bounded moment before each read (`spin: 'both'`).

The counterpart of the host's `spin.ts`, loaded when the host asks for it. With both ends awake a
small call crosses no sleeping CPU at all; where both share one, each is in the other's way, and the
host does not ask.
"""

from __future__ import annotations

import select
import time

__all__ = ["make_spin"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def make_spin(
    descriptor: int,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Callable[[], None]:
    """Make what returns when `descriptor` can be read, has ended, or after `seconds`.

    Every look lets other threads have the interpreter. Where `poll` is missing it returns at once.
    """
    if not hasattr(select, "poll"):
        return lambda: None
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    has_come = poll.poll

    def spin() -> None:
        if has_come(0):
            return
        end = clock() + seconds
        while not has_come(0) and clock() < end:
            pass

    return spin
