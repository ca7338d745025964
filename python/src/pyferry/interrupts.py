"""What an interrupt (SIGINT, Ctrl-C) means in a worker (contract V-17).

During a call on the main thread it fails that call, as it would anywhere. Between calls it means
nothing: the worker lives as long as its channel.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the C half of `signal`, which costs 4 ms

from pyferry.connection import call_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

__all__ = ["confine_interrupts"]


def confine_interrupts() -> None:
    """Let an interrupt reach user code only; main thread. One that is ignored stays ignored."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code is call_user.__code__:
            raise KeyboardInterrupt
        frame = frame.f_back
