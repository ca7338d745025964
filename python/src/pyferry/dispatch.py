"""Who leads and who runs what: the decisions of `executor.py`, all of them under one lock.

Each verb takes the lock, the **gate**, decides and wakes whom it concerns. No function of the
user's runs meanwhile, and nothing is read or written, so that nobody waits for it long.

The lead is handed over in three ways. Its thread gives it up for what may take long, and is the
**runner** until it takes it back; while there is a runner no other thread takes it by itself. It is
given to a spare when the runner is known to take long, or found to by the monitor. And that one
gives it back to a runner that turns out to get on well.
"""

from __future__ import annotations

from _thread import allocate_lock

from pyferry.batches import Queues
from pyferry.routing import SlowFunctions
from pyferry.seats import Seats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from pyferry.messages import Call, Task
    from pyferry.seats import Seat

__all__ = ["Dispatch"]


class Dispatch:
    """The decisions of one executor.

    Attributes:
        gate: the lock; to be held for the attributes below it, and for `wake_leader` and `pass_on`.
        slow: the names of slow functions. May be asked without the gate.
        queues: what waits.
        seats: the threads.
        leader: the seat of the thread that has the lead.
        runner: of the one that has given it up last, until it is back from what it does meanwhile.
        releases: how often it was given up.
        has_ended: whether nothing more will come.
        is_monitor_parked: whether the monitor waits for `alarm`, which is released with the lead.
    """

    __slots__ = (
        "_learned",
        "alarm",
        "gate",
        "has_ended",
        "is_monitor_parked",
        "leader",
        "queues",
        "releases",
        "runner",
        "seats",
        "slow",
    )

    def __init__(
        self,
        limit: int,
        needs_main: Callable[[Call], bool],
        live: Callable[[Seat], None],
    ) -> None:
        """Begin with the main thread, which leads.

        Args:
            limit: calls that run at once.
            needs_main: tells whether a call asks for the main thread.
            live: what a new thread does from when it is first woken to its end.
        """
        self._learned = SlowFunctions()
        self.gate = allocate_lock()
        self.slow = self._learned.averages
        self.queues = Queues(limit, self.slow, needs_main)
        # One that defines and one that reads, besides those that run calls.
        self.seats = Seats(limit + 2, live)
        self.leader: Seat | None = self.seats.main
        self.runner: Seat | None = None
        self.releases = 0
        self.has_ended = False
        self.is_monitor_parked = False
        self.alarm = allocate_lock()
        self.alarm.acquire()

    def start(self, tasks: list[Task], seat: Seat) -> Task | None:
        """Give up the lead and take a slot for the first of `tasks`; or keep it, and all wait.

        The main thread gives it up as well when calls wait that only it may run.

        Args:
            tasks: calls, or one define.
            seat: of the thread that leads.
        """
        with self.gate:
            queues = self.queues
            if queues.running > 0:
                queues.take_back(self.seats.all)
            queues.add(tasks)
            following = self._take_waiting(seat)
            if following is not None:
                self._release_lead(seat)
                if following.function in self.slow:
                    self.wake_leader()
            elif queues.main_calls and seat is self.seats.main:
                self._release_lead(None)
                self.wake_leader()
            return following

    def finish(self, task: Task, seat: Seat) -> tuple[bool, Task | None]:
        """Free the slot of `task`; tell whether this thread leads again, or else the next task."""
        with self.gate:
            self.queues.finish(task)
            following = self._take_waiting(seat)
            if following is not None:
                self._see_to_reading(seat, following)
                return False, following
            if self.runner is seat:
                self.runner = None
            return self._take_lead(seat), None

    def rest(self, seat: Seat) -> bool:
        """Give this thread what there is to do, or have it park; `False` when it is to end."""
        with self.gate:
            seat.task = self._take_waiting(seat)
            if seat.task is not None:
                self._see_to_reading(seat, seat.task)
                return True
            if not seat.stands_back and self._take_lead(seat):
                seat.leads = True
                return True
            seat.stands_back = False
            seats = self.seats
            if self.has_ended and self.queues.is_idle and self.queues.is_empty:
                if seats.is_main_spare:
                    seats.take_main().wake.release()
                return False
            seats.add_spare(seat)
        seat.park()
        return True

    def give_up_lead(self, seat: Seat) -> None:
        """Let others lead, if this thread, which leads, takes long."""
        with self.gate:
            self._release_lead(seat)

    def try_lead(self, seat: Seat) -> bool:
        """Take the lead if nobody else has it."""
        with self.gate:
            return self._take_lead(seat)

    def stand_back(self, seat: Seat, runner: Seat) -> bool:
        """Give up the lead, and park next, if `runner` is back soon; it will take it."""
        with self.gate:
            if self.runner is not runner:
                return False
            self._release_lead(runner)
            seat.stands_back = True
            return True

    def hand_to_main(self) -> bool:
        """Give the lead back to the main thread, if it is free."""
        with self.gate:
            if not self.seats.is_main_spare or self.queues.main_calls:
                return False
            self._give_lead(self.seats.take_main())
            return True

    def note(self, task: Task, seconds: float) -> None:
        """Learn how long a call has taken."""
        if self.queues.limit > 1 and not task.is_define:
            with self.gate:
                self._learned.note(task.function, seconds)

    def end(self, *, drops_waiting: bool) -> None:
        """Note the end of input. The lead stays taken: there is nothing left to read."""
        with self.gate:
            self.has_ended = True
            if drops_waiting:
                self.queues.take_back(self.seats.all)
                self.queues.forget()

    def wake_leader(self) -> None:
        """Give the lead, which is free, to a spare or a new thread; if there is none, later."""
        seats = self.seats
        if seats.is_main_spare and not self.queues.main_calls:
            self._give_lead(seats.take_main())
            return
        spare = seats.take_spare()
        if spare is not None:
            self._give_lead(spare)

    def pass_on(self) -> bool:
        """Let another thread run the next call, and what may follow it; `False`: there is none."""
        spare = self.seats.take_spare()
        if spare is not None:
            self._give_batch(self.queues.calls, spare)
        return spare is not None

    def _take_waiting(self, seat: Seat) -> Task | None:
        """Take what is next for the thread of `seat`; what is for others goes to them."""
        queues = self.queues
        if queues.defines and not queues.is_defining:
            return queues.take_define()
        if queues.running >= queues.limit or queues.is_defining:
            return None
        if queues.main_calls:
            if seat is self.seats.main:
                return queues.take_batch(queues.main_calls, seat)
            if self.seats.is_main_spare:
                self._give_batch(queues.main_calls, self.seats.take_main())
        calls, slow = queues.calls, self.slow
        if slow and calls and (self.leader is seat or self._may_lead(seat)):
            while calls and calls[0].function in slow and queues.may_start_call:
                if not self.pass_on():
                    break
        return queues.take_batch(calls, seat) if calls and queues.may_start_call else None

    def _give_batch(self, queue: deque[Task], spare: Seat) -> None:
        spare.task = self.queues.take_batch(queue, spare)
        spare.wake.release()

    def _may_lead(self, seat: Seat) -> bool:
        """Tell whether the lead is free for this one, and no runner is about to take it back."""
        if self.leader is not None or self.runner not in (None, seat):
            return False
        return not self.queues.main_calls or seat is not self.seats.main

    def _take_lead(self, seat: Seat) -> bool:
        if not self._may_lead(seat):
            return False
        self.leader = seat
        self.runner = None
        return True

    def _release_lead(self, runner: Seat | None) -> None:
        self.leader = None
        self.runner = runner
        self.releases += 1
        if self.is_monitor_parked:
            self.is_monitor_parked = False
            self.alarm.release()

    def _give_lead(self, spare: Seat) -> None:
        self.leader = spare
        spare.leads = True
        spare.wake.release()

    def _see_to_reading(self, seat: Seat, task: Task) -> None:
        """Let another one lead while this thread runs what is known to take long."""
        is_ours = self.leader is None and self.runner in (None, seat)
        if is_ours and task.function in self.slow:
            self.wake_leader()
