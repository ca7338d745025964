"""The mark by which a module says which functions may be called from outside (contract V-6)."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `typing` costs 8 ms at start
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar, overload

    Function = TypeVar("Function", bound=Callable[..., Any])
else:

    def overload(_function: object) -> None:
        """Do nothing, as `typing.overload` does for a program that runs."""


__all__ = ["MARK", "Mark", "expose", "mark_of"]

MARK = "__pyferry_expose__"


class Mark:
    """What `expose` leaves on a function.

    Attributes:
        name: the name to be called by; `None`, the one it is bound to. module: the module that
            marked it. Another one that merely imports the function has marked nothing.
    """

    __slots__ = ("module", "name")

    def __init__(self, name: str | None, module: str) -> None:
        self.name = name
        self.module = module


@overload
def expose(function: Function, /) -> Function: ...  # noqa: D103 - an overload
@overload
def expose(*, name: str | None = ...) -> Callable[[Function], Function]: ...  # noqa: D103, F811
def expose(function: Any = None, /, *, name: str | None = None) -> Any:  # noqa: F811
    """Mark a function as callable from outside; its module then offers only those that are marked.

    Args:
        function: the function or class, when used as a bare decorator.
        name: the name it is called by from outside; by default the one it is bound to.

    Returns:
        The function itself, or the decorator when called with a name.

    Raises:
        TypeError: for something that is not callable or cannot carry a mark, and for an unusable
            name.
    """
    if name is not None and (not isinstance(name, str) or not _is_public(name)):
        raise TypeError(f"name must be a public dotted name such as 'text.split', not {name!r}")
    # `inspect.currentframe` is the same and costs 14 ms.
    caller = sys._getframe(1)  # noqa: SLF001
    mark = Mark(name, caller.f_globals.get("__name__", ""))

    def decorate(target: Any) -> Any:
        if not callable(target) and not isinstance(target, (staticmethod, classmethod)):
            raise TypeError(f"only functions and classes can be exposed, not {target!r}")
        try:
            setattr(target, MARK, mark)
        except (AttributeError, TypeError):
            raise TypeError(f"{target!r} cannot be marked; wrap it in a function") from None
        return target

    return decorate if function is None else decorate(function)


def mark_of(value: Any, module: str) -> Mark | None:
    """Return the mark `module` has left on `value`, if any; a subclass inherits none."""
    try:
        mark = vars(value).get(MARK)
    except Exception:
        # No `__dict__`, or one that is computed: nothing we have marked.
        return None
    return mark if isinstance(mark, Mark) and mark.module == module else None


def _is_public(name: str) -> bool:
    return all(part.isidentifier() and not part.startswith("_") for part in name.split("."))
