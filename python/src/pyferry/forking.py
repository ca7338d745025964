"""What becomes of a fork in user code: a child of the process, and none of the host's (V-17).

The child inherits the channel and must never speak on it. It runs on in the user's function; when
that returns or raises, the child is done. The lifeline stays open in it.
"""

from __future__ import annotations

import os
import sys

__all__ = ["ForkGuard"]


class ForkGuard:
    """Knows whether this process is a child forked by user code.

    Attributes:
        is_child: true in such a child.
    """

    __slots__ = ("is_child",)

    def __init__(self, *descriptors: int) -> None:
        """Watch for forks.

        Args:
            descriptors: the channel's; taken away from each child.
        """
        self.is_child = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: self._lose(descriptors))

    def exit_child(self, error: BaseException | None) -> None:
        """End this process as Python ends a program that has come to its end. Does not return.

        Args:
            error: what user code raised, if it did.
        """
        code = 0
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            code = 1
            sys.excepthook(type(error), error, error.__traceback__)
        flush_streams()
        os._exit(code)

    def _lose(self, descriptors: tuple[int, ...]) -> None:
        self.is_child = True
        # Replaced rather than closed: a number that is free would be given to the next file the
        # child opens.
        null = os.open(os.devnull, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        for descriptor in descriptors:
            os.dup2(null, descriptor, inheritable=False)
        os.close(null)


def flush_streams() -> None:
    """Write out what user code has printed; its streams may be anything, or closed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: PERF203
            # The process is about to end, and what became of its streams is the user's affair.
            continue
