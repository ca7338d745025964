"""The threads that serve, each in a seat of its own, where it parks while there is nothing to do.

A parked one is a **spare**. Threads are started when no spare is left and end with the process. The
main thread is one of them, and apart: some functions may run only there.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock, start_new_thread

from pyferry.mainident import MainIdent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from pyferry.messages import Task
else:
    try:
        from _collections import deque
    except ImportError:
        from collections import deque

__all__ = ["Seat", "Seats"]


class Seat:
    """Where a thread parks, and what it is given before it is woken: the lead, a task, or nothing.

    Attributes:
        leads: it has been given the lead.
        task: it is to run; nothing of either is the end.
        batch: calls that follow the task, in the same slot.
        queue: where the batch was taken from.
        turn: when it was taken, among those of others.
        stands_back: it parks although it might lead.
        finished: how many tasks this thread has run; `seen`: at the monitor's last tick.
        flushed_at: when this thread has last written answers, or seen none that wait.
    """

    __slots__ = (
        "batch",
        "finished",
        "flushed_at",
        "leads",
        "queue",
        "seen",
        "stands_back",
        "task",
        "turn",
        "wake",
    )

    def __init__(self) -> None:
        self.leads = False
        self.stands_back = False
        self.task: Task | None = None
        self.batch: deque[Task] = deque()
        self.queue = self.batch
        self.turn = 0
        self.finished = self.seen = 0
        self.flushed_at = 0.0
        self.wake = allocate_lock()
        self.wake.acquire()

    def park(self) -> None:
        """Sleep until somebody releases `wake`."""
        while True:
            try:
                self.wake.acquire()
            except BaseException as error:  # noqa: PERF203
                # Raised by a signal handler of the user's in the main thread: no call's affair.
                sys.excepthook(type(error), error, error.__traceback__)
            else:
                return


class Seats:
    """All seats, and who is parked; to be used under the gate of `dispatch.py`.

    Attributes:
        main: of the main thread.
        all: of every thread there is.
    """

    __slots__ = ("_live", "_main_ident", "_most", "_spares", "all", "main")

    def __init__(self, most: int, live: Callable[[Seat], None]) -> None:
        """Have the main thread alone, which makes this.

        Args:
            most: threads there may be.
            live: what a new one does from when it is first woken to its end.
        """
        self._most = most
        self._live = live
        self._spares: list[Seat] = []
        self.main = Seat()
        self._main_ident = MainIdent()
        self.all = [self.main]

    @property
    def is_main_spare(self) -> bool:
        """Whether the main thread is parked."""
        return self.main in self._spares

    def add_spare(self, seat: Seat) -> None:
        """Note that a thread parks next."""
        self._spares.append(seat)

    def take_main(self) -> Seat:
        """Take the main thread, which is parked, for something; its seat is yet to be woken."""
        self._spares.remove(self.main)
        return self.main

    def take_spare(self) -> Seat | None:
        """Take a thread other than the main one, the last that parked, or a new one."""
        spares = self._spares
        for index in range(len(spares) - 1, -1, -1):
            if spares[index] is not self.main:
                return spares.pop(index)
        if len(self.all) >= self._most:
            return None
        seat = Seat()
        try:
            start_new_thread(self._begin, (seat,))
        except RuntimeError:
            return None
        self.all.append(seat)
        return seat

    def _begin(self, seat: Seat) -> None:
        self._main_ident.import_threading()
        seat.park()
        self._live(seat)
