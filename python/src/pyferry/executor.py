"""Who runs what: quick functions on the thread that reads, slow ones on others.

A hand-over between threads costs more than a whole small call, so there is none while functions are
quick; and two passes through a lock cost as much as the call, so a thread that has a slot takes all
calls that wait, its **batch**, and runs one after the other. One thread at a time holds the
**lead**: it alone reads the channel, the main thread by preference. It gives the lead up before
anything that may take long, which is running a task and writing answers, and takes it back
afterwards if nobody else has it:

    leading ──slow call──> leading, and a spare runs it
            ──task───────> running ──lead free──────────────> leading   the usual round, one thread
                              ├──lead taken, a call waits──> running    the next one
                              └──lead taken, none waits────> spare

A function that was seen to take long is **slow** from then on (`routing.py`): whoever leads passes
its calls on to a spare (to a new thread if there is none) and reads on, so that a small call beside
slow ones is as quick as alone. With a `limit` of one there is nothing to be gained, and no passing
on.

For what nobody knew to be slow there is the **monitor**, a thread that ticks while tasks run. It
hands the lead to a spare when it was free for a whole tick and the **runner**, the thread that has
given it up and not come back, has finished nothing: it is stuck in something long. The monitor was
wrong when the runner is seen to finish calls meanwhile; then the new leader stands back after one
read, or the two would fight over the interpreter, one reading far ahead of the other.

When bytes come and the main thread is a spare by then, it gets the lead back: signals, GUIs and
some libraries work only there. Functions may ask for it (`mainthread.py`), and with a `limit` of
one all do. Their calls wait in a queue of their own; while any waits the main thread does not lead,
since nobody could wake it from its read.

Invariants, kept under `_gate`:

- At most one thread has the lead, and only that one touches the reading side of the work.
- `_running` ≤ `limit`. The calls of a queue start in stream order: none overtakes one that waits.
  Whoever wants to start one while a thread has a batch left takes that back first; so does the
  monitor, when the thread has not finished one for a whole tick. Only a batch's own thread takes
  from its left, without the gate, and others from its right, with it.
- A batch goes on to the next call of a slow function, and that one is a batch of its own.
- One define runs at a time. It needs no slot, since it must not wait for long calls; it goes ahead
  of the calls that wait, and no call starts while it runs.
- Every thread is leading, running, writing or parked: `limit` calls, a define and a leader make at
  most `limit` + 2 threads besides the monitor.
- An answer is in the output before its slot is free. It is written before its thread rests, reads
  or has run others for 0.3 ms; and by the monitor, when that thread got stuck before.

Replaceable: it knows tasks and the verbs of `Work`, nothing of the protocol. While functions run
that take long somebody leads, so that what the host says of them meanwhile can be heard.
"""

from __future__ import annotations

import sys
import time
from _thread import allocate_lock, start_new_thread

from pyferry.mainthread import Marks
from pyferry.routing import SLOW_SECONDS, SlowFunctions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from typing import Protocol

    from pyferry.messages import Call, Task

    class Work(Protocol):
        """What an executor drives; see `connection.py`."""

        @property
        def has_answers(self) -> bool: ...
        @property
        def has_input(self) -> bool: ...
        def next_tasks(self) -> list[Task] | None: ...
        def read(self) -> bool: ...
        def needs_main(self, call: Call) -> bool: ...
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
        queue: where the batch was taken from.
        turn: when it was taken, among those of others.
        finished: how many tasks this thread has run; `seen`: at the monitor's last tick.
    """

    __slots__ = (
        "batch",
        "finished",
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
    """Runs the tasks of one `Work`, at most `limit` calls at once.

    Attributes:
        drops_waiting: whether what waits at the end of input is forgotten rather than run. Our own
            host has settled it when it ends its stream; any other wants it answered.
    """

    def __init__(self, work: Work, limit: int, *, drops_waiting: bool) -> None:
        """Prepare to serve.

        Args:
            work: what to drive.
            limit: calls that run at once.
            drops_waiting: may be changed later.
        """
        self._work = work
        self._limit = limit
        self.drops_waiting = drops_waiting
        self._learned = SlowFunctions()
        self._slow = self._learned.averages
        self._gate = allocate_lock()
        # The seat of the thread that has the lead.
        self._leader: _Seat | None = None
        # Of the one that has given it up last, until it is back from what it does meanwhile.
        self._runner: _Seat | None = None
        # How often the lead was given up, and how often a batch was taken.
        self._releases = 0
        self._turns = 0
        self._running = 0
        self._is_defining = False
        self._calls: deque[Task] = deque()
        # Those that only the main thread may run.
        self._main_calls: deque[Task] = deque()
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
        run, clock, slow = work.run, time.perf_counter, self._slow
        flushed_at = clock()
        while True:
            leads, task = seat.leads, seat.task
            seat.leads, seat.task = False, None
            while leads or task is not None:
                is_inline = leads
                if leads:
                    task = self._lead(seat)
                    leads = False
                begun_at = clock()
                if is_inline and not work.has_answers:
                    # None has waited while this thread led: the first one may wait for others.
                    flushed_at = begun_at
                if task is None:
                    break
                batch = seat.batch
                while True:
                    run(task)
                    seat.finished += 1
                    now = clock()
                    if now - begun_at > SLOW_SECONDS or (slow and task.function in slow):
                        self._note(task, now - begun_at)
                    begun_at = now
                    is_last = is_inline and not batch and not work.has_input
                    if is_last or now - flushed_at > FLUSH_AFTER_SECONDS:
                        work.flush()
                        begun_at = flushed_at = clock()
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
        # Who seemed stuck, if this thread leads because of that.
        runner = self._runner
        finished = 0 if runner is None else runner.finished
        while True:
            tasks = work.next_tasks()
            if tasks is not None:
                task = self._start(tasks, seat)
                if task is not None or self._leader is not seat:
                    return task
            elif work.has_answers:
                self._give_up_lead(seat)
                work.flush()
                if not self._try_lead(seat):
                    return None
            elif (
                runner is not None
                and (self._calls or self._main_calls)
                and runner.finished > finished + 1
                and self._stand_back(seat, runner)
            ):
                return None
            elif not work.read():
                self._end()
                return None
            elif self._main_seat in self._spares and self._hand_to_main():
                return None

    def _stand_back(self, seat: _Seat, runner: _Seat) -> bool:
        """Give up the lead, and park, if `runner` gets on well; it will take it."""
        with self._gate:
            if self._runner is not runner:
                return False
            self._release_lead(runner)
            seat.stands_back = True
            return True

    def _hand_to_main(self) -> bool:
        """Give the lead back to the main thread, if it is free."""
        with self._gate:
            if self._main_seat not in self._spares or self._main_calls:
                return False
            self._spares.remove(self._main_seat)
            self._give_lead(self._main_seat)
            return True

    def _start(self, tasks: list[Task], seat: _Seat) -> Task | None:
        """Give up the lead and take a slot for the first of `tasks`; or keep it, and all wait.

        The main thread gives it up as well when calls wait that only it may run.

        Args:
            tasks: calls, or one define.
            seat: of the thread that leads.
        """
        if not self._is_monitored:
            self._start_monitor()
        with self._gate:
            if self._running > 0:
                self._take_back(self._seats)
            self._sort(tasks)
            following = self._take_waiting(seat)
            if following is not None:
                self._release_lead(seat)
                if following.function in self._slow:
                    self._wake_leader()
            elif seat is self._main_seat and self._main_calls:
                self._release_lead(None)
                self._wake_leader()
            return following

    def _sort(self, tasks: list[Task]) -> None:
        """Put each task in its queue."""
        if tasks[0].is_define:
            self._defines.extend(tasks)
        elif self._limit == 1:
            self._main_calls.extend(tasks)
        elif not Marks.are_used:
            self._calls.extend(tasks)
        else:
            for task in tasks:
                is_for_main = self._work.needs_main(task)  # type: ignore[arg-type]
                (self._main_calls if is_for_main else self._calls).append(task)

    def _take_back(self, seats: list[_Seat]) -> None:
        """Let what is left of the batches of `seats` wait again, before all that came later."""
        with_batches = [seat for seat in seats if seat.batch]
        for seat in sorted(with_batches, key=_turn_of, reverse=True):
            batch = seat.batch
            while batch:
                try:
                    seat.queue.appendleft(batch.pop())
                except IndexError:  # noqa: PERF203
                    # Its own thread was quicker.
                    break

    def _note(self, task: Task, seconds: float) -> None:
        """Learn how long a call has taken."""
        if self._limit > 1 and not task.is_define:
            with self._gate:
                self._learned.note(task.function, seconds)

    def _finish(self, task: Task, seat: _Seat) -> tuple[bool, Task | None]:
        """Free the slot of `task`; tell whether this thread leads again, or else the next task."""
        with self._gate:
            if task.is_define:
                self._is_defining = False
                if Marks.are_used:
                    # What waits may call what has a mark only now.
                    waiting = list(self._calls)
                    self._calls.clear()
                    if waiting:
                        self._sort(waiting)
            else:
                self._running -= 1
            following = self._take_waiting(seat)
            if following is not None:
                self._see_to_reading(seat, following)
                return False, following
            if self._runner is seat:
                self._runner = None
            return self._take_lead(seat), None

    def _rest(self, seat: _Seat) -> bool:
        """Park until there is something to do, unless there is already; `False` at the end."""
        with self._gate:
            seat.task = self._take_waiting(seat)
            if seat.task is not None:
                self._see_to_reading(seat, seat.task)
                return True
            if not seat.stands_back and self._take_lead(seat):
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
        """Take what is next for the thread of `seat`; what is for others goes to them."""
        if self._defines and not self._is_defining:
            self._is_defining = True
            return self._defines.popleft()
        if self._running >= self._limit or self._is_defining:
            return None
        if self._main_calls:
            if seat is self._main_seat:
                return self._take_from(self._main_calls, seat)
            if self._main_seat in self._spares:
                self._spares.remove(self._main_seat)
                self._give_from(self._main_calls, self._main_seat)
        calls, slow = self._calls, self._slow
        if slow and calls and (self._leader is seat or self._may_lead(seat)):
            while calls and calls[0].function in slow and self._may_start_call():
                if not self._pass_on():
                    break
        return self._take_from(calls, seat) if calls and self._may_start_call() else None

    def _may_start_call(self) -> bool:
        return self._running < self._limit and not self._is_defining

    def _take_from(self, queue: deque[Task], seat: _Seat) -> Task:
        """Take a slot, and a batch for it."""
        self._running += 1
        self._turns += 1
        seat.turn = self._turns
        seat.queue = queue
        first = queue.popleft()
        slow = self._slow
        if not slow:
            seat.batch.extend(queue)
            queue.clear()
        elif first.function not in slow:
            while queue and queue[0].function not in slow:
                seat.batch.append(queue.popleft())
        return first

    def _give_from(self, queue: deque[Task], spare: _Seat) -> None:
        spare.task = self._take_from(queue, spare)
        spare.wake.release()

    def _pass_on(self) -> bool:
        """Let another thread run the next call, and what may follow it; `False`: there is none."""
        spare = self._take_spare()
        if spare is not None:
            self._give_from(self._calls, spare)
        return spare is not None

    def _may_lead(self, seat: _Seat) -> bool:
        """Tell whether the lead is free for this one, and no runner is about to take it back."""
        if self._leader is not None or self._runner not in (None, seat):
            return False
        return not self._main_calls or seat is not self._main_seat

    def _take_lead(self, seat: _Seat) -> bool:
        if not self._may_lead(seat):
            return False
        self._leader = seat
        self._runner = None
        return True

    def _release_lead(self, runner: _Seat | None) -> None:
        self._leader = None
        self._runner = runner
        self._releases += 1
        if self._is_monitor_parked:
            self._is_monitor_parked = False
            self._alarm.release()

    def _give_up_lead(self, seat: _Seat) -> None:
        with self._gate:
            self._release_lead(seat)

    def _try_lead(self, seat: _Seat) -> bool:
        with self._gate:
            return self._take_lead(seat)

    def _see_to_reading(self, seat: _Seat, task: Task) -> None:
        """Let another one lead while this thread runs what is known to take long."""
        is_ours = self._leader is None and self._runner in (None, seat)
        if is_ours and task.function in self._slow:
            self._wake_leader()

    def _end(self) -> None:
        """Note the end of input. The lead stays taken: there is nothing left to read."""
        with self._gate:
            self._has_ended = True
            if self.drops_waiting:
                self._take_back(self._seats)
                for queue in (self._calls, self._main_calls, self._defines):
                    queue.clear()

    def _is_over(self) -> bool:
        is_idle = self._running == 0 and not self._is_defining
        is_waiting = self._calls or self._main_calls or self._defines
        return self._has_ended and is_idle and not is_waiting

    def _start_monitor(self) -> None:
        self._is_monitored = True
        if sys.version_info < (3, 13):
            # Before 3.13 `threading` takes the thread that imports it first for the main one. This
            # is the main one.
            import threading  # noqa: F401
        start_new_thread(self._monitor, ())

    def _monitor(self) -> None:
        releases = -1
        free_ticks = idle_ticks = 0
        has_answers = False
        while True:
            time.sleep(TICK_SECONDS)
            with self._gate:
                is_free = self._leader is None and releases == self._releases
                free_ticks = free_ticks + 1 if is_free else 0
                runner = self._runner
                is_stuck = is_free and (runner is None or runner.finished == runner.seen)
                releases = self._releases
                self._take_back([seat for seat in self._seats if seat.finished == seat.seen])
                for seat in self._seats:
                    seat.seen = seat.finished
                is_busy = self._leader is None or self._running > 0 or self._is_defining
                idle_ticks = 0 if is_busy else idle_ticks + 1
                if is_stuck or free_ticks > MAX_FREE_TICKS:
                    self._wake_leader()
                elif self._calls and self._may_start_call():
                    # Calls that had to wait for a define, or were behind a long one: a batch each
                    # tick, besides those that finishing threads take.
                    self._pass_on()
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

    def _wake_leader(self) -> None:
        """Give the lead, which is free, to a spare or a new thread; if there is none, later."""
        main = self._main_seat
        if main in self._spares and not self._main_calls:
            self._spares.remove(main)
            self._give_lead(main)
            return
        spare = self._take_spare()
        if spare is not None:
            self._give_lead(spare)

    def _give_lead(self, spare: _Seat) -> None:
        self._leader = spare
        spare.leads = True
        spare.wake.release()

    def _take_spare(self) -> _Seat | None:
        """Return a parked thread other than the main one, or a new one."""
        for index in range(len(self._spares) - 1, -1, -1):
            if self._spares[index] is not self._main_seat:
                return self._spares.pop(index)
        if self._threads >= self._limit + 2:
            return None
        seat = _Seat()
        try:
            start_new_thread(self._live_when_woken, (seat,))
        except RuntimeError:
            return None
        self._threads += 1
        self._seats.append(seat)
        return seat

    def _live_when_woken(self, seat: _Seat) -> None:
        seat.park()
        self._live(seat)


def _turn_of(seat: _Seat) -> int:
    return seat.turn
