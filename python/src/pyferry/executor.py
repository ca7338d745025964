"""Who runs what: quick functions on the thread that reads, slow ones on others.

A hand-over between threads costs more than a whole small call, so there is none while functions are
quick. One thread at a time holds the **lead**: it alone reads the channel, the main thread by
preference. It gives the lead up before anything that may take long, which is running a task and
writing answers, and takes it back afterwards if nobody else has it:

    leading ──slow call──> leading, and a spare runs it
            ──task───────> running ──lead free──────────────> leading   the usual round, one thread
                              ├──lead taken, a call waits──> running    the next one
                              └──lead taken, none waits────> spare

Who leads and who runs what is decided under one lock (`dispatch.py`); what a thread does with that
is here. The parts of the decision:

- **Batches** (`batches.py`): a thread that has a slot takes all calls that wait, and runs one after
  the other without a lock between them.
- **Routing** (`routing.py`): a function that was seen to take long is **slow** from then on.
  Whoever leads passes its calls on to a spare (to a new thread if there is none, `seats.py`) and
  reads on, so that a small call beside slow ones is as quick as alone. With a `limit` of one there
  is nothing to be gained, and no passing on.
- **The monitor** (`monitor.py`), for what nobody knew to be slow: a thread that ticks while tasks
  run. It hands the lead to a spare when it was free for a whole tick and the thread that has given
  it up has finished nothing: it is stuck in something long. The monitor was wrong when that thread
  is seen to finish calls meanwhile; then the new leader stands back after one read, or the two
  would fight over the interpreter, one reading far ahead of the other.
- **The main thread** (`mainthread.py`): when bytes come and it is a spare by then, it gets the lead
  back: signals, GUIs and some libraries work only there. Functions may ask for it, and with a
  `limit` of one all do. Their calls wait in a queue of their own; while any waits the main thread
  does not lead, since nobody could wake it from its read.

What holds always:

- At most one thread has the lead, and only that one touches the reading side of the work.
- Every thread is leading, running, writing or parked: `limit` calls, a define and a leader make at
  most `limit` + 2 threads besides the monitor.
- An answer is in the output before its slot is free. It is written before its thread rests, reads
  or has run others for 0.3 ms; and by the monitor, when that thread got stuck before.
- While functions run that take long somebody leads, so that what the host says of them meanwhile is
  heard.

Replaceable: it knows tasks and the verbs of `Work`, nothing of the protocol.
"""

from __future__ import annotations

import time

from pyferry.dispatch import Dispatch
from pyferry.monitor import Monitor
from pyferry.routing import SLOW_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from pyferry.messages import Call, Task
    from pyferry.seats import Seat

    class Work(Protocol):
        """What an executor drives; see `connection.py`."""

        @property
        def has_answers(self) -> bool: ...
        @property
        def has_input(self) -> bool: ...
        @property
        def has_waited(self) -> bool: ...
        def next_tasks(self) -> list[Task] | None: ...
        def read(self) -> bool: ...
        def needs_main(self, call: Call) -> bool: ...
        def run(self, task: Task) -> None: ...
        def flush(self) -> None: ...


__all__ = ["Executor"]

FLUSH_AFTER_SECONDS = 0.0003
"""How long an answer may wait for others to share a write with."""


HALVED_CALLS = 47
"""Behind the first one. Of so many that had to be waited for, which means that the host has nothing
else to do, half is answered first: it goes on with those meanwhile, and from then on both are at
work. Halves of less would cost more in frames than that brings."""


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
        self.drops_waiting = drops_waiting
        self._dispatch = Dispatch(limit, work.needs_main, self._live)
        self._monitor = Monitor(self._dispatch, work)

    def serve(self) -> None:
        """Serve until the input has ended and all is answered. Once, in the main thread."""
        main = self._dispatch.seats.main
        main.leads = True
        self._live(main)

    def _live(self, seat: Seat) -> None:
        """Spend one thread's life with what its seat was given, until the end."""
        work, dispatch = self._work, self._dispatch
        while True:
            leads, task = seat.leads, seat.task
            seat.leads, seat.task = False, None
            while leads or task is not None:
                is_inline = leads
                if leads:
                    task = self._lead(seat)
                if task is None:
                    break
                leads, task = dispatch.finish(self._run_batch(task, seat, is_inline), seat)
            work.flush()
            if not dispatch.rest(seat):
                return

    def _run_batch(self, task: Task, seat: Seat, is_inline: bool) -> Task:
        """Run `task` and those that follow it; return the last one.

        Args:
            task: the first one.
            seat: of this thread, with the rest.
            is_inline: whether this thread has just led, so that nobody else writes its answers.
        """
        work, batch, slow = self._work, seat.batch, self._dispatch.slow
        run, clock = work.run, time.perf_counter
        begun_at = clock()
        if is_inline and not work.has_answers:
            # None has waited while this thread led: the first one may wait for others.
            seat.flushed_at = begun_at
        is_awaited = is_inline and work.has_waited and len(batch) >= HALVED_CALLS
        half = len(batch) // 2 if is_awaited else -1
        while True:
            run(task)
            seat.finished += 1
            now = clock()
            if now - begun_at > SLOW_SECONDS or (slow and task.function in slow):
                self._dispatch.note(task, now - begun_at)
            begun_at = now
            is_last = is_inline and not batch and not work.has_input
            is_due = len(batch) == half or now - seat.flushed_at > FLUSH_AFTER_SECONDS
            if is_last or is_due:
                work.flush()
                begun_at = seat.flushed_at = clock()
            if not batch:
                return task
            try:
                task = batch.popleft()
            except IndexError:
                # The monitor was quicker.
                return task

    def _lead(self, seat: Seat) -> Task | None:
        """Read until there is a task to run, then give up the lead. `None`: lost it, or the end."""
        work, dispatch = self._work, self._dispatch
        main = dispatch.seats.main
        # Who seemed stuck, if this thread leads because of that.
        runner = dispatch.runner
        finished = 0 if runner is None else runner.finished
        while True:
            tasks = work.next_tasks()
            if tasks is not None:
                if not self._monitor.is_started:
                    self._monitor.start()
                task = dispatch.start(tasks, seat)
                if task is not None or dispatch.leader is not seat:
                    return task
            elif work.has_answers:
                dispatch.give_up_lead(seat)
                work.flush()
                if not dispatch.try_lead(seat):
                    return None
            elif (
                runner is not None
                and (dispatch.queues.calls or dispatch.queues.main_calls)
                and runner.finished > finished + 1
                and dispatch.stand_back(seat, runner)
            ):
                return None
            elif not work.read():
                dispatch.end(drops_waiting=self.drops_waiting)
                return None
            elif seat is not main and dispatch.seats.is_main_spare and dispatch.hand_to_main():
                return None
