"""Which functions are slow: seen to take so long that whoever reads should not run them.

Only slow ones are remembered, by name, with an average in which the last time weighs a fifth and
counts at most as twice the threshold. Below half the threshold a name is forgotten, and the
function is quick again: after seven quick calls, so that a time that was long by chance (its thread
had to wait for the interpreter) does little harm.
"""

from __future__ import annotations

__all__ = ["SLOW_SECONDS", "SlowFunctions"]

SLOW_SECONDS = 0.0003
"""From here on a hand-over to another thread, 0.05 ms, is small beside the function."""

MAX_NAMES = 1024
"""Beyond it the one noted first is forgotten: a host may call any number of names."""

WEIGHT = 0.2
"""Of the last time in the average."""


class SlowFunctions:
    """The names of slow functions.

    Attributes:
        averages: seconds by name, of the slow ones alone. Any thread may ask it.
    """

    __slots__ = ("averages",)

    def __init__(self) -> None:
        self.averages: dict[str, float] = {}

    def note(self, name: str, seconds: float) -> None:
        """Learn how long a function has taken, one thread at a time."""
        averages = self.averages
        seconds = min(seconds, 2 * SLOW_SECONDS)
        if name in averages:
            average = averages[name] + (seconds - averages[name]) * WEIGHT
            if average < SLOW_SECONDS / 2:
                del averages[name]
            else:
                averages[name] = average
        elif seconds > SLOW_SECONDS:
            if len(averages) >= MAX_NAMES:
                del averages[next(iter(averages))]
            averages[name] = seconds
