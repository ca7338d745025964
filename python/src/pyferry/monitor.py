"""The thread that ticks while tasks run, and sees to what nobody else is free to see.

A function that nobody knew to be slow holds up the reading, the calls behind it in its batch, and
the answers left to be written with its own. The monitor finds out by looking twice: what stands as
it did a tick ago is stuck, and another thread is given it.
"""

from __future__ import annotations

import time
from _thread import start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyferry.dispatch import Dispatch
    from pyferry.executor import Work

__all__ = ["Monitor"]

TICK_SECONDS = 0.001
"""How long the lead may be free before it is handed on. The ticks cost 1 to 2 % of a core."""

IDLE_TICKS = 50
"""Ticks without a task after which the monitor parks; waking it costs the next call about 5 µs."""

MAX_FREE_TICKS = 10
"""Ticks after which the lead is handed on although calls finish: pings want an answer too."""


class Monitor:
    """Watches over one executor.

    Attributes:
        is_started: whether its thread runs.
    """

    __slots__ = ("_dispatch", "_free_ticks", "_idle_ticks", "_releases", "_work", "is_started")

    def __init__(self, dispatch: Dispatch, work: Work) -> None:
        """Prepare to watch.

        Args:
            dispatch: what to look at, and to change.
            work: what has answers to be written.
        """
        self._dispatch = dispatch
        self._work = work
        self.is_started = False
        # Of the lead, at the last tick.
        self._releases = -1
        # For how many ticks nobody has had it, and nothing has run.
        self._free_ticks = self._idle_ticks = 0

    def start(self) -> None:
        """Start the thread, once."""
        self.is_started = True
        start_new_thread(self._watch, ())

    def _watch(self) -> None:
        work, dispatch = self._work, self._dispatch
        had_answers = False
        while True:
            time.sleep(TICK_SECONDS)
            with dispatch.gate:
                self._tick()
                is_parked = dispatch.is_monitor_parked
            if had_answers and work.has_answers:
                # Left by a thread that has got stuck in its next task. A host that does not read
                # blocks us here; there is nobody then to read on for.
                work.flush()
            had_answers = work.has_answers
            if is_parked:
                dispatch.alarm.acquire()
                self._idle_ticks = 0

    def _tick(self) -> None:
        """Hand on what is stuck, at most one thing to one thread, or park."""
        dispatch = self._dispatch
        queues, runner = dispatch.queues, dispatch.runner
        is_free = dispatch.leader is None and self._releases == dispatch.releases
        is_stuck = is_free and (runner is None or runner.finished == runner.seen)
        self._free_ticks = self._free_ticks + 1 if is_free else 0
        self._releases = dispatch.releases
        seats = dispatch.seats.all
        queues.take_back([seat for seat in seats if seat.finished == seat.seen])
        for seat in seats:
            seat.seen = seat.finished
        is_idle = dispatch.leader is not None and queues.is_idle
        self._idle_ticks = self._idle_ticks + 1 if is_idle else 0
        if is_stuck or self._free_ticks > MAX_FREE_TICKS:
            dispatch.wake_leader()
        elif queues.calls and queues.may_start_call:
            # Calls that had to wait for a define, or were behind a long one: a batch each tick,
            # besides those that finishing threads take.
            dispatch.pass_on()
        elif self._idle_ticks >= IDLE_TICKS:
            dispatch.is_monitor_parked = True
