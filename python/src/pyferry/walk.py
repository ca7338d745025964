"""The walk through a value on its way to the wire (contract D-6).

It knows what JSON has. What JSON lacks is the affair of a policy, one for each protocol: see
`values.py` and `marking.py`. The common case costs a type check a value: lists of one type are
judged as a whole, and where the walk is is known without being written down for each item.
"""

from __future__ import annotations

from pyferry.errors import UnserializableError, shorten_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Optional

    Replaced = tuple[Any, Optional[str]]

__all__ = [
    "LEAF",
    "MAX_DEPTH",
    "MAX_SAFE_INTEGER",
    "ManyItems",
    "Walk",
    "convert",
    "format_path",
    "to_base",
]

MAX_DEPTH = 512

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that a JavaScript number holds together with all smaller ones."""

LEAF = "leaf"
"""Said instead of a mark of what is in its wire form already."""


class ManyItems(Exception):  # noqa: N818 - no error: it never leaves this package
    """A value holds more items than the walk has room for, and nothing so far that was marked."""


class Walk:
    """Where a walk is, and what becomes of what JSON lacks. A policy overrides the latter.

    Attributes:
        path: the way from the root to the place that is being converted, a step for each container.
            A list stands for an index: it holds what has been converted before, so that its length
            is the index. A tuple stands for two: that of a pair, as a list, and the one in it.
        containers: what is stepped into, as the user made it.
        room: for how many items more; see `ManyItems`.
    """

    __slots__ = ("_root", "containers", "path", "room")

    def __init__(self, root: str) -> None:
        """Begin at the root; `root` is what paths in errors begin with."""
        self._root = root
        self.path: list[Any] = []
        self.containers: list[object] = []
        self.room: float = MAX_SAFE_INTEGER

    def keys(self, steps: int | None = None) -> list[str | int]:
        """Return the path as it is written, or its first steps."""
        keys: list[str | int] = []
        for step in self.path[:steps]:
            if type(step) is str:
                keys.append(step)
            elif type(step) is list:
                keys.append(len(step))
            else:
                keys += (len(step[0]), step[1])
        return keys

    def replace(self, value: Any) -> Replaced:
        """Return a plain value for one of another type, and its mark if it needs one."""
        raise NotImplementedError

    def replace_integer(self, value: int) -> Any:
        """Return what stands for an integer beyond the safe ones."""
        raise NotImplementedError

    def replace_float(self, value: float) -> Any:
        """Return what stands for a float that is not finite."""
        raise NotImplementedError

    def replace_bytes(self, value: bytes) -> Any:
        """Return what stands for bytes."""
        raise NotImplementedError

    def begin_map(self, key: object) -> None:
        """Be told that the dict at this place has a key that is no string; it begins anew."""
        raise NotImplementedError

    def mark(self, kind: str | list[str]) -> None:
        """Mark this place; what is in it has been converted."""
        raise NotImplementedError

    def overflow(self) -> None:
        """Be told that there is no more room; raises `ManyItems`, or goes on."""
        self.room = MAX_SAFE_INTEGER

    def leave(self, items: list[Any], mark: str) -> Any:
        """Mark this place, where the items are; return what stands there."""
        self.mark(mark)
        return items

    def check_text(self, text: str) -> None:
        """Refuse what is not valid Unicode."""
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            problem = "a string with a lone surrogate, which is not valid Unicode"
            raise self.refusal(problem) from None

    def refusal(self, problem: str) -> UnserializableError:
        """Return the error that refuses what is at this place."""
        return UnserializableError(format_path(self._root, self.keys()), problem)

    def refusal_of_depth(self, value: object) -> UnserializableError:
        """Return the error for a container that is nested too deeply, or that holds itself."""
        first: dict[int, int] = {}
        for depth, container in enumerate([*self.containers, value]):
            earlier = first.setdefault(id(container), depth)
            if earlier != depth:
                back = shorten_path(format_path(self._root, self.keys(earlier)))
                path = format_path(self._root, self.keys(depth))
                return UnserializableError(path, f"a cycle; this one refers back to {back}")
        return self.refusal(f"nested deeper than {MAX_DEPTH}")


def convert(value: Any, walk: Walk) -> Any:
    """Return `value` in its wire form; it is not mutated, and parts may be returned as they are.

    Raises:
        UnserializableError: for what cannot be carried, with its path.
        ManyItems: only where the walk's `room` was bounded.
    """
    # One frame a level: twice as many would reach Python's recursion limit before our own.
    origin = value
    kind = type(value)
    mark = None
    if kind not in _PLAIN:
        value, mark = walk.replace(value)
        if mark is LEAF:
            return value
        kind = type(value)
    if kind is str:
        if not value.isascii():
            walk.check_text(value)
        return value
    if value is None or kind is bool:
        return value
    if kind is int:
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            return walk.replace_integer(value)
        return value
    if kind is float:
        if value - value != 0.0:
            return walk.replace_float(value)
        return value
    if kind is bytes:
        return walk.replace_bytes(value)
    path, containers = walk.path, walk.containers
    if len(containers) >= MAX_DEPTH:
        raise walk.refusal_of_depth(origin)
    walk.room -= len(value)
    if walk.room < 0:
        walk.overflow()
    if kind is dict:
        containers.append(origin)
        properties: dict[str, Any] = {}
        path.append(None)
        for key, item in value.items():
            if type(key) is str and key.isascii():
                name = key
            else:
                # What is wrong with a key is told of its dict.
                path.pop()
                if not isinstance(key, str):
                    walk.begin_map(key)
                    mark = "map"
                    break
                name = str.__str__(key)
                walk.check_text(name)
                path.append(name)
            kind = type(item)
            # Most of what is in records: to ask here takes a third of what the call would.
            if (
                (kind is str and item.isascii())
                or (kind is int and -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER)
                or (kind is float and item - item == 0.0)
                or kind is bool
                or item is None
            ):
                properties[name] = item
            else:
                path[-1] = name
                properties[name] = convert(item, walk)
        else:
            path.pop()
            containers.pop()
            return properties
    elif _is_of_one_kind(value):
        if mark is not None:
            walk.mark(mark)
        return value
    else:
        containers.append(origin)
    items: list[Any] = []
    path.append(items)
    if mark == "map":
        for key, item in value.items():
            path[-1] = (items, 0)
            pair = [convert(key, walk)]
            path[-1] = (items, 1)
            pair.append(convert(item, walk))
            items.append(pair)
    else:
        for item in value:
            # No comprehension: the path looks at the length.
            items.append(convert(item, walk))  # noqa: PERF401
    path.pop()
    containers.pop()
    return items if mark is None else walk.leave(items, mark)


_PLAIN = frozenset({str, type(None), bool, int, float, bytes, dict, list, tuple})


def to_base(value: Any) -> Any:
    """Take a subclass of a plain type for its base, a namedtuple for a dict; else `None`."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, dict):
        return dict(value.items())
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if isinstance(names, tuple) and len(names) == len(value):
            return dict(zip(names, value))
        return tuple(value)
    if isinstance(value, list):
        return list(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return None


def _is_of_one_kind(value: Any) -> bool:
    """Judge a list of one plain type as a whole, at the speed of C; `False`: look closer."""
    kinds = set(map(type, value))
    if len(kinds) != 1:
        return not kinds
    kind = kinds.pop()
    if kind is int:
        return bool(min(value) >= -MAX_SAFE_INTEGER and max(value) <= MAX_SAFE_INTEGER)
    if kind is float:
        # One item that is not finite makes the sum so.
        total = sum(value)
        return bool(total - total == 0.0)
    if kind is str:
        return all(map(str.isascii, value))
    return kind is bool or value[0] is None


def format_path(root: str, keys: Iterable[str | int]) -> str:
    """Write a path as errors show it: `result.items[3]["a key"]`."""
    path = root
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            is_name = key.isascii() and key.replace("$", "_").isidentifier()
            path += f".{key}" if is_name else f"[{_quote(key)}]"
    return path


def _quote(key: str) -> str:
    import json

    return json.dumps(key, ensure_ascii=False)
