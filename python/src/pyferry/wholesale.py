"""Large values, looked at as a whole and at the speed of C.

A walk in Python takes a microsecond for each record (`walk.py`). What most large values are made of
can be told without one: chunk by chunk, level by level, by functions that C runs over many items.
And whoever makes a million objects that no cycle can be in has no use for the collector, which goes
through them again and again while they are made: 90,000 records are parsed in 0.45 times the time
without it. Imported at the first large body.
"""

from __future__ import annotations

import gc
from itertools import chain, islice
from time import monotonic

from pyferry.walk import MAX_SAFE_INTEGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Data = TypeVar("Data", str, bytes)
    Value = TypeVar("Value")

__all__ = ["Aging", "is_plain", "without_collector"]

_HUGE = 1 << 20
"""Bytes, or letters, from which on what they become is not to be gone through."""

_BODIES = 11
"""So many are made old before everything is gone through; Python has such a number too."""

_SHARE = 10
"""So many times as long as that took passes before the next one: it goes through all that the user
has. Python has a rule of its own for that, which counts what has aged, and not what we made old."""

_CHUNK = 1024
"""Items that are looked at together: so many stay in the processor's cache from one look to the
next."""

_FEW = 1 << 16
"""Items that may be written down for each level."""

_LEVELS = 16
"""What is nested deeper is left to the walk. What holds itself always is: it is met on the first
way down, and nothing wide has been gone through by then."""

_SCALARS = frozenset({str, int, float, bool, type(None)})
_PLAIN = _SCALARS | {list, tuple, dict}


def without_collector(read: Callable[[Data], Value], data: Data) -> Value:
    """Return what `read` makes of `data`, with the cyclic collector held still.

    `read` is C for nearly all of its time: nobody else runs meanwhile. Should another thread turn
    the collector off just then, it is on again afterwards.
    """
    if not gc.isenabled() or not gc.get_threshold()[0]:
        return read(data)
    # Frozen objects are somebody's own affair, our template's among them: they would be thawed with
    # those just made. And not every Python can freeze.
    is_huge = len(data) >= _HUGE and hasattr(gc, "freeze") and not gc.get_freeze_count()
    if is_huge:
        gc.collect(1)
    gc.disable()
    try:
        value = read(data)
        if is_huge:
            _aging.age()
    finally:
        gc.enable()
    return value


class Aging:
    """When what was just made counts as old, and when all that is old is gone through."""

    __slots__ = ("_bodies", "_due")

    def __init__(self) -> None:
        """Begin with nothing made old."""
        self._bodies = 0
        self._due = 0.0

    def age(self, clock: Callable[[], float] = monotonic) -> None:
        """Let what was just made count as old, rather than have all of it gone through at once.

        What is young besides has been looked at right before. To age resets the counts by which
        Python decides to look at everything: so that is done here.
        """
        self._bodies += 1
        started = clock()
        if self._bodies >= _BODIES and started >= self._due:
            gc.collect()
            ended = clock()
            self._bodies = 0
            self._due = ended + _SHARE * (ended - started)
        else:
            # There and back, which moves whole lists.
            gc.freeze()
            gc.unfreeze()


_aging = Aging()


def is_plain(value: object, *, closely: bool = False) -> bool:
    """Tell whether a value is of JSON's types alone, none of them a subclass; names are texts.

    Args:
        value: nothing in it is called.
        closely: whether to look into integers and texts too: none is beyond the safe ones, none has
            a lone surrogate.

    Returns:
        `False` also for what is nested deeper than `_LEVELS`, and for what holds itself.
    """
    # Iterators, and the deepest first: a level that is written down may be many times as large as
    # all that is there, where thousands hold the same list.
    waiting: list[tuple[Any, int]] = [(iter([value]), 0)]
    while waiting:
        items, depth = waiting[-1]
        level = list(islice(items, _CHUNK))
        if len(level) < _CHUNK:
            waiting.pop()
        kinds = set(map(type, level))
        if not kinds <= _PLAIN or (closely and not _is_safe(level, kinds)):
            return False
        for kind in kinds - _SCALARS:
            if depth >= _LEVELS:
                return False
            found: Any = (
                level if len(kinds) == 1 else [each for each in level if type(each) is kind]
            )
            if kind is dict:
                names: set[object] = set().union(*found)
                if not set(map(type, names)) <= {str} or (closely and not _are_texts(names)):
                    return False
                values = map(dict.values, found)
                # What a dict holds is written down at once: another thread may add to it later.
                is_small = len(found) * len(names) <= _FEW
                found = [list(chain.from_iterable(values))] if is_small else map(list, values)
            waiting.append((chain.from_iterable(found), depth + 1))
    return True


def _is_safe(level: list[Any], kinds: set[type]) -> bool:
    if int in kinds:
        numbers = [each for each in level if type(each) is int]
        if min(numbers) < -MAX_SAFE_INTEGER or max(numbers) > MAX_SAFE_INTEGER:
            return False
    return str not in kinds or _are_texts(each for each in level if type(each) is str)


def _are_texts(texts: Any) -> bool:
    joined = "".join(texts)
    if joined.isascii():
        return True
    try:
        joined.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
