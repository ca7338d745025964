"""Who runs what: functions inline on the thread that read them, and no long one stops the reading.

A hand-over between threads costs more than a whole small call, so there is none while functions are
quick; and two passes through a lock cost as much as the call, so a thread that has a slot takes all
calls that wait, its **batch**, and runs one after the other. One thread at a time holds the
**lead**: it alone reads the channel. It gives the lead up before anything that may take long, which
is running a task and writing answers, and takes it back afterwards if it is still free:

    leading ──task──> running ──lead free──────────────> leading   the usual round, one thread
                         ├──lead taken, a call waits──> running    the next one
                         └──lead taken, none waits────> spare

The **monitor**, a thread that ticks while tasks run, hands the lead to a spare (to a new thread if
there is none) when it was free for a whole tick and nothing moved: everybody is stuck in something
long. It was wrong when calls are seen to finish meanwhile; then the new leader stands back after
one read, or two threads would fight over the interpreter, one reading far ahead of the other. When
bytes come and the main thread is a spare by then, it gets the lead back: signals, GUIs and some
libraries work only there. With a `limit` of one another thread runs a call only when the main one
reads, and the call had to wait for a define.

Invariants, kept under `_gate`:

- At most one thread has the lead, and only that one touches the reading side of the work.
- `_running` ≤ `limit`. Calls start in stream order: none overtakes one that waits. Whoever wants to
  start one while a thread has a batch left takes that back first; so does the monitor, when the
  thread has not finished one for a whole tick. Only a batch's own thread takes from its left,
  without the gate, and others from its right, with it.
- One define runs at a time. It needs no slot, since it must not wait for long calls; it goes ahead
  of the calls that wait, and no call starts while it runs.
- Every thread is leading, running, writing or parked: `limit` calls, a define and a leader make at
  most `limit` + 2 threads besides the monitor.
- An answer is in the output before its slot is free. It is written before its thread rests, reads
  or has run others for 0.3 ms; and by the monitor, when that thread got stuck before.

Replaceable: it knows tasks and the verbs of `Work`, nothing of the protocol. A host that tells when
a call is late, or a memory for slow functions, would take the monitor's place.
"""

from __future__ import annotations

import sys
import time
from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from typing import Protocol

    from pyferry.messages import Task

    class Work(Protocol):
        """What an executor drives; see `connection.py`."""

        @property
        def has_answers(self) -> bool: ...
        @property
        def has_input(self) -> bool: ...
        def next_tasks(self) -> list[Task] | None: ...
        def read(self) -> bool: ...
        def run(self, task: Task) -> None: ...
        def flush(self) -> None: ...
else:
    try:
        from _collections import deque
    except ImportError:
        from collections import deque

__all__ = ["Executor"]

TICK_SECONDS = 0.001
"""How long the lead may be free before it is handed on. The ticks cost 1 to 2 % of a core."""

IDLE_TICKS = 50
"""Ticks without a task after which the monitor parks; waking it costs the next call about 5 µs."""

MAX_FREE_TICKS = 10
"""Ticks after which the lead is handed on although calls finish: pings want an answer too."""

FLUSH_AFTER_SECONDS = 0.0003
"""How long an answer may wait for others to share a write with."""


class _Seat:
    """Where a thread parks, and what it is given: the lead, a task, or nothing at the end.

    Attributes:
        batch: calls that follow the task, in the same slot.
        turn: when it was taken, among those of others.
        finished: how many tasks this thread has run; `seen`: at the monitor's last tick.
    """

    __slots__ = ("batch", "finished", "leads", "seen", "stands_back", "task", "turn", "wake")

    def __init__(self) -> None:
        self.leads = False
        self.stands_back = False
        self.task: Task | None = None
        self.batch: deque[Task] = deque()
        self.turn = 0
        self.finished = self.seen = 0
        self.wake = allocate_lock()
        self.wake.acquire()

    def park(self) -> None:
        while True:
            try:
                self.wake.acquire()
            except BaseException as error:  # noqa: PERF203
                # Raised by a signal handler of the user's in the main thread: no call's affair.
                sys.excepthook(type(error), error, error.__traceback__)
            else:
                return


class Executor:
    """Runs the tasks of one `Work`, at most `limit` calls at once."""

    def __init__(self, work: Work, limit: int, *, drops_waiting: bool) -> None:
        """Prepare to serve.

        Args:
            work: what to drive.
            limit: calls that run at once.
            drops_waiting: whether what waits at the end of input is forgotten rather than run.
        """
        self._work = work
        self._limit = limit
        self._drops_waiting = drops_waiting
        self._gate = allocate_lock()
        # The seat of the thread that has the lead.
        self._leader: _Seat | None = None
        # How often the lead was given up: what has not changed a tick later is stuck.
        self._turns = 0
        self._running = 0
        self._is_defining = False
        self._calls: deque[Task] = deque()
        self._defines: deque[Task] = deque()
        self._has_ended = False
        self._threads = 1
        self._spares: list[_Seat] = []
        self._main_seat = _Seat()
        self._seats = [self._main_seat]
        self._is_monitored = False
        self._is_monitor_parked = False
        self._alarm = allocate_lock()
        self._alarm.acquire()

    def serve(self) -> None:
        """Serve until the input has ended and all is answered. Once, in the main thread."""
        self._leader = self._main_seat
        self._main_seat.leads = True
        self._live(self._main_seat)

    def _live(self, seat: _Seat) -> None:
        """Spend one thread's life with what its seat was given, until the end."""
        work = self._work
        run, clock = work.run, time.perf_counter
        flushed_at = clock()
        while True:
            leads, task = seat.leads, seat.task
            seat.leads, seat.task = False, None
            while leads or task is not None:
                is_inline = leads
                if leads:
                    task = self._lead(seat)
                    leads = False
                    if not work.has_answers:
                        # None has waited while this thread did: the first one may wait for others.
                        flushed_at = clock()
                if task is None:
                    break
                batch = seat.batch
                while True:
                    run(task)
                    seat.finished += 1
                    now = clock()
                    is_last = is_inline and not batch and not work.has_input
                    if is_last or now - flushed_at > FLUSH_AFTER_SECONDS:
                        work.flush()
                        flushed_at = now
                    try:
                        task = batch.popleft()
                    except IndexError:
                        break
                leads, task = self._finish(task, seat)
            work.flush()
            if not self._rest(seat):
                return

    def _lead(self, seat: _Seat) -> Task | None:
        """Read until there is a task to run, then give up the lead. `None`: lost it, or the end."""
        work = self._work
        finished = self._count_finished()
        while True:
            tasks = work.next_tasks()
            if tasks is not None:
                task = self._start(tasks, seat)
                if task is not None:
                    return task
            elif work.has_answers:
                self._give_up_lead()
                work.flush()
                if not self._try_lead(seat):
                    return None
            elif self._calls and self._count_finished() != finished and self._stand_back(seat):
                return None
            elif not work.read():
                self._end()
                return None
            elif self._main_seat in self._spares and self._hand_to_main():
                return None

    def _stand_back(self, seat: _Seat) -> bool:
        """Give up the lead, and park, if others get on well; one of them will take it."""
        with self._gate:
            if self._running == 0:
                return False
            self._release_lead()
            seat.stands_back = True
            return True

    def _hand_to_main(self) -> bool:
        """Give the lead back to the main thread, if it is free."""
        with self._gate:
            if self._main_seat not in self._spares:
                return False
            self._spares.remove(self._main_seat)
            self._wake(self._main_seat, leads=True)
            return True

    def _start(self, tasks: list[Task], seat: _Seat) -> Task | None:
        """Give up the lead and take a slot for the first of `tasks`; or let all wait, and keep it.

        Args:
            tasks: calls, or one define.
            seat: of the thread that leads.
        """
        if not self._is_monitored:
            self._start_monitor()
        with self._gate:
            if self._running > 0:
                self._take_back(self._seats)
            (self._defines if tasks[0].is_define else self._calls).extend(tasks)
            following = self._take_waiting(seat)
            if following is None:
                self._wake_main_for_call()
            else:
                self._release_lead()
            return following

    def _take_back(self, seats: list[_Seat]) -> None:
        """Let what is left of the batches of `seats` wait again, before all that came later."""
        for seat in sorted(seats, key=_turn_of, reverse=True):
            batch = seat.batch
            while batch:
                try:
                    self._calls.appendleft(batch.pop())
                except IndexError:  # noqa: PERF203
                    # Its own thread was quicker.
                    break

    def _finish(self, task: Task, seat: _Seat) -> tuple[bool, Task | None]:
        """Free the slot of `task`; tell whether this thread leads again, or else the next task."""
        with self._gate:
            if task.is_define:
                self._is_defining = False
            else:
                self._running -= 1
            following = self._take_waiting(seat)
            if following is not None:
                return False, following
            self._wake_main_for_call()
            if self._leader is not None:
                return False, None
            self._leader = seat
            return True, None

    def _rest(self, seat: _Seat) -> bool:
        """Park until there is something to do, unless there is already; `False` at the end."""
        with self._gate:
            seat.task = self._take_waiting(seat)
            if seat.task is not None:
                return True
            if self._leader is None and not seat.stands_back:
                self._leader = seat
                seat.leads = True
                return True
            seat.stands_back = False
            if self._is_over():
                if self._main_seat in self._spares:
                    self._spares.remove(self._main_seat)
                    self._main_seat.wake.release()
                return False
            self._spares.append(seat)
        seat.park()
        return True

    def _take_waiting(self, seat: _Seat) -> Task | None:
        if self._defines and not self._is_defining:
            self._is_defining = True
            return self._defines.popleft()
        if self._calls and self._may_run_call(seat):
            self._running += 1
            self._turns += 1
            seat.turn = self._turns
            seat.batch.extend(self._calls)
            self._calls.clear()
            return seat.batch.popleft()
        return None

    def _count_finished(self) -> int:
        return sum([seat.finished for seat in self._seats])

    def _may_run_call(self, seat: _Seat) -> bool:
        if self._is_defining or self._running >= self._limit:
            return False
        # While the main thread reads it cannot be had: what waited for another's define runs there.
        return self._limit > 1 or self._main_seat in (seat, self._leader)

    def _wake_main_for_call(self) -> None:
        """With a limit of one, see that a call does not wait for a thread that is parked."""
        main = self._main_seat
        if self._limit == 1 and self._calls and main in self._spares and self._may_run_call(main):
            self._spares.remove(main)
            self._wake(main, leads=False)

    def _release_lead(self) -> None:
        self._leader = None
        self._turns += 1
        if self._is_monitor_parked:
            self._is_monitor_parked = False
            self._alarm.release()

    def _give_up_lead(self) -> None:
        with self._gate:
            self._release_lead()

    def _try_lead(self, seat: _Seat) -> bool:
        with self._gate:
            if self._leader is not None:
                return False
            self._leader = seat
            return True

    def _end(self) -> None:
        """Note the end of input. The lead stays taken: there is nothing left to read."""
        with self._gate:
            self._has_ended = True
            if self._drops_waiting:
                self._take_back(self._seats)
                self._calls.clear()
                self._defines.clear()

    def _is_over(self) -> bool:
        is_idle = self._running == 0 and not self._is_defining
        return self._has_ended and is_idle and not self._calls and not self._defines

    def _start_monitor(self) -> None:
        self._is_monitored = True
        if sys.version_info < (3, 13):
            # Before 3.13 `threading` takes the thread that imports it first for the main one. This
            # is the main one.
            import threading  # noqa: F401
        start_new_thread(self._monitor, ())

    def _monitor(self) -> None:
        turns = finished = -1
        free_ticks = idle_ticks = 0
        has_answers = False
        while True:
            time.sleep(TICK_SECONDS)
            with self._gate:
                is_free = self._leader is None and turns == self._turns
                free_ticks = free_ticks + 1 if is_free else 0
                count = self._count_finished()
                is_stuck = is_free and finished == count
                turns, finished = self._turns, count
                self._take_back([seat for seat in self._seats if seat.finished == seat.seen])
                for seat in self._seats:
                    seat.seen = seat.finished
                is_busy = self._leader is None or self._running > 0 or self._is_defining
                idle_ticks = 0 if is_busy else idle_ticks + 1
                if is_stuck or free_ticks > MAX_FREE_TICKS:
                    self._wake_one(leads=True)
                elif self._calls and not self._is_defining and 1 < self._limit > self._running:
                    # Calls that had to wait for a define: one each tick, besides those that
                    # finishing threads take.
                    self._wake_one(leads=False)
                elif idle_ticks >= IDLE_TICKS:
                    self._is_monitor_parked = True
                is_parked = self._is_monitor_parked
            if has_answers and self._work.has_answers:
                # Left by a thread that has got stuck in its next task. A host that does not read
                # blocks us here; there is nobody then to read on for.
                self._work.flush()
            has_answers = self._work.has_answers
            if is_parked:
                self._alarm.acquire()
                idle_ticks = 0

    def _wake_one(self, *, leads: bool) -> None:
        """Give the lead or a waiting task to a spare or a new thread; if there is none, later."""
        if self._spares:
            self._wake(self._spares.pop(), leads=leads)
        elif self._threads < self._limit + 2:
            seat = _Seat()
            try:
                start_new_thread(self._live_when_woken, (seat,))
            except RuntimeError:
                return
            self._threads += 1
            self._seats.append(seat)
            self._wake(seat, leads=leads)

    def _wake(self, seat: _Seat, *, leads: bool) -> None:
        if leads:
            self._leader = seat
            seat.leads = True
        else:
            seat.task = self._take_waiting(seat)
        seat.wake.release()

    def _live_when_woken(self, seat: _Seat) -> None:
        seat.park()
        self._live(seat)


def _turn_of(seat: _Seat) -> int:
    return seat.turn
