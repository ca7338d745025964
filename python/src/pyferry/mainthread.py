"""The mark by which a function asks for the main thread.

Signals, many GUI toolkits, asyncio's child watchers and matplotlib on macOS work only there. In a
worker with one thread every call runs on it; with more only those that ask are sure to.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs 8 ms at start
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])

__all__ = ["Marks", "is_for_main_thread", "main_thread"]

MARK = "__pyferry_main_thread__"


class Marks:
    """What is known of the marks in this process.

    Attributes:
        are_used: while it is false nobody needs to look for one.
    """

    are_used = False


def main_thread(function: Function) -> Function:
    """Mark a function to be run on the worker's main thread, when it is called from outside.

    One such call runs at a time, and it counts as one of the worker's threads. Called from Python
    the function runs where its caller does. A marked class is made there; its methods are not
    marked by that. A decorator above must keep the attributes, as `functools.wraps` does.

    Args:
        function: what is called from outside.

    Returns:
        The function itself.

    Raises:
        TypeError: for something that is not callable or cannot carry a mark.
    """
    # Of a static or class method the function within, which is what a call finds.
    target = getattr(function, "__func__", function)
    if not callable(target):
        raise TypeError(f"only functions and classes can ask for the main thread, not {function!r}")
    try:
        setattr(target, MARK, True)
    except (AttributeError, TypeError):
        raise TypeError(f"{function!r} cannot be marked; wrap it in a function") from None
    Marks.are_used = True
    return function


def is_for_main_thread(function: Any) -> bool:
    """Tell whether a function asks for the main thread."""
    return getattr(function, MARK, False) is True
