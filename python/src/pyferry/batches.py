"""What waits to be run, the slots in which calls run, and the batches that share a slot.

Two passes through a lock cost as much as a small call, so a thread that gets a slot takes all calls
that wait with it, its **batch**, and runs one after the other. What it has not come to yet may be
taken back for others.
"""

from __future__ import annotations

from pyferry.mainthread import Marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable

    from pyferry.messages import Call, Task
    from pyferry.seats import Seat
else:
    try:
        from _collections import deque
    except ImportError:
        from collections import deque

__all__ = ["Queues"]


class Queues:
    """The tasks of one executor; to be used under the gate of `dispatch.py`.

    - `running` ≤ `limit`. The calls of a queue start in stream order: none overtakes one that
      waits. Whoever wants to start one while a thread has a batch left takes that back first.
    - Only a batch's own thread takes from its left, without the gate; others from its right, with
      it.
    - A batch goes on to the next call of a slow function, and that one is a batch of its own.
    - One define runs at a time. It needs no slot, since it must not wait for long calls; it goes
      ahead of the calls that wait, and no call starts while it runs.

    Attributes:
        limit: calls that run at once.
        running: slots that are taken.
        is_defining: whether a define runs.
        calls: those that any thread may run.
        main_calls: those that only the main thread may run.
        defines: all others.
    """

    __slots__ = (
        "_needs_main",
        "_slow",
        "_turns",
        "calls",
        "defines",
        "is_defining",
        "limit",
        "main_calls",
        "running",
    )

    def __init__(
        self, limit: int, slow: dict[str, float], needs_main: Callable[[Call], bool]
    ) -> None:
        """Begin with nothing.

        Args:
            limit: calls that run at once.
            slow: the names of slow functions, kept by others.
            needs_main: tells whether a call asks for the main thread.
        """
        self.limit = limit
        self._slow = slow
        self._needs_main = needs_main
        self.running = 0
        self.is_defining = False
        self.calls: deque[Task] = deque()
        self.main_calls: deque[Task] = deque()
        self.defines: deque[Task] = deque()
        # How many batches were taken.
        self._turns = 0

    @property
    def may_start_call(self) -> bool:
        """Whether there is a slot, and no define for which calls have to wait."""
        return self.running < self.limit and not self.is_defining

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs."""
        return self.running == 0 and not self.is_defining

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, besides what threads have in their batches."""
        return not (self.calls or self.main_calls or self.defines)

    def add(self, tasks: list[Task]) -> None:
        """Let calls wait, or one define, behind what waits already."""
        if tasks[0].is_define:
            self.defines.extend(tasks)
        elif self.limit == 1:
            self.main_calls.extend(tasks)
        elif not Marks.are_used:
            self.calls.extend(tasks)
        else:
            for task in tasks:
                is_for_main = self._needs_main(task)  # type: ignore[arg-type]
                (self.main_calls if is_for_main else self.calls).append(task)

    def take_define(self) -> Task:
        """Take the next define; none runs."""
        self.is_defining = True
        return self.defines.popleft()

    def take_batch(self, queue: deque[Task], seat: Seat) -> Task:
        """Take a slot for the first call that waits in `queue`, and for the batch that follows it.

        Returns:
            The call; the batch is in the seat.
        """
        self.running += 1
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

    def take_back(self, seats: Iterable[Seat]) -> None:
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

    def finish(self, task: Task) -> None:
        """Free what a task has taken; of a batch, after its last call."""
        if not task.is_define:
            self.running -= 1
            return
        self.is_defining = False
        if Marks.are_used and self.calls:
            # What waits may call what has a mark only now.
            waiting = list(self.calls)
            self.calls.clear()
            self.add(waiting)

    def forget(self) -> None:
        """Drop what waits."""
        for queue in (self.calls, self.main_calls, self.defines):
            queue.clear()


def _turn_of(seat: Seat) -> int:
    return seat.turn
