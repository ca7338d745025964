"""Large values, looked at as a whole and at the speed of C.

A walk in Python takes a microsecond for each record (`walk.py`). What most large values are made of
can be told without one: chunk by chunk, level by level, by functions that C runs over many items.
And whoever makes a million objects that no cycle can be in has no use for the collector, which goes
through them again and again while they are made: 90,000 records are parsed in 0.45 times the time
without it. Imported at the first large body.
"""

from __future__ import annotations

import gc
from itertools import chain, count, islice

from pyferry.walk import MAX_SAFE_INTEGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Data = TypeVar("Data", str, bytes)
    Value = TypeVar("Value")

__all__ = ["is_plain", "without_collector"]

_HUGE = 1 << 20
"""Bytes, or letters, from which on what they become is not to be gone through."""

_aged = count(1)

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
    if not gc.isenabled():
        return read(data)
    # Frozen objects are somebody's own affair; and not every Python can freeze.
    is_huge = len(data) >= _HUGE and hasattr(gc, "freeze") and not gc.get_freeze_count()
    if is_huge:
        gc.collect(1)
    gc.disable()
    try:
        value = read(data)
        if is_huge:
            _age()
    finally:
        gc.enable()
    return value


def _age() -> None:
    """Let what was just made count as old, rather than have all of it gone through at once.

    What is young besides has been looked at right before. To age resets the counts by which Python
    decides to look at everything, which it does with every eleventh collection: so here.
    """
    if next(_aged) % 11 == 0:
        gc.collect()
    else:
        # There and back, which moves whole lists.
        gc.freeze()
        gc.unfreeze()


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
