"""Values to and from their wire form (PROTOCOL.md, "Values"; contract D-5, D-6).

What JSON would change silently is refused, with the path to it. The common case costs a type check
a value: lists of one type are judged as a whole, and a path is put together only while a refusal
unwinds.
"""

from __future__ import annotations

from pyferry.errors import UnserializableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Union

    Keys = tuple[Union[str, int], ...]

__all__ = ["MAX_DEPTH", "MAX_SAFE_INTEGER", "format_path", "from_wire", "to_wire"]

MAX_DEPTH = 512

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that a JavaScript number holds together with all smaller ones."""

_BASE64_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def to_wire(value: Any, root: str = "result") -> Any:
    """Return `value` in the form that `write_json` may write: plain types, bytes as base64.

    Subclasses of the plain types go as their base (`IntEnum`, `numpy.float64`, `OrderedDict`), a
    namedtuple as an object. A dict of exactly the form `{"__bytes__": True, "b64": str}` is let
    through and arrives as bytes: the reserved form.

    Args:
        value: any object; not mutated, and parts of it may be returned as they are.
        root: what paths begin with.

    Raises:
        UnserializableError: for what JSON cannot carry, with its path.
    """
    try:
        return _convert(value, 0)
    except _Refused as refused:
        raise refused.as_error(root) from None


def from_wire(value: Any, root: str, keys: Keys = ()) -> Any:
    """Return `value`, as parsed from JSON, with bytes in place of their wire form.

    Lists and dicts are changed in place.

    Args:
        value: owned by the caller.
        root: what paths begin with.
        keys: the way from the root to `value`.

    Raises:
        UnserializableError: for bytes that are not base64 and for nesting beyond 512, with the
            path.
    """
    if len(keys) >= MAX_DEPTH and type(value) in (list, dict):
        raise UnserializableError(format_path(root, keys), f"nested deeper than {MAX_DEPTH}")
    if type(value) is list:
        for index, item in enumerate(value):
            if type(item) in (list, dict):
                value[index] = from_wire(item, root, (*keys, index))
    elif type(value) is dict:
        if len(value) == 2 and value.get("__bytes__") is True and type(value.get("b64")) is str:
            return _read_base64(value["b64"], root, keys)
        for key, item in value.items():
            if type(item) in (list, dict):
                value[key] = from_wire(item, root, (*keys, key))
    return value


def format_path(root: str, keys: Keys) -> str:
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


class _Refused(Exception):  # noqa: N818 - never seen outside: it becomes an `UnserializableError`
    """A refusal on its way up, gathering the way down.

    Args:
        problem: what is refused, in words.
        at: the container that is refused itself, where it may close a cycle.
    """

    def __init__(self, problem: str, at: object = None) -> None:
        self.problem = problem
        self.containers: list[object] = [] if at is None else [at]
        self.keys: list[str | int] = []

    def passing(self, container: object, key: str | int) -> _Refused:
        self.containers.append(container)
        self.keys.append(key)
        return self

    def as_error(self, root: str) -> UnserializableError:
        keys = tuple(reversed(self.keys))
        first: dict[int, int] = {}
        for depth, container in enumerate(reversed(self.containers)):
            earlier = first.setdefault(id(container), depth)
            if earlier != depth:
                back = format_path(root, keys[:earlier])
                path = format_path(root, keys[:depth])
                return UnserializableError(path, f"a cycle; this one refers back to {back}")
        return UnserializableError(format_path(root, keys), self.problem)


def _convert(value: Any, depth: int) -> Any:
    # One frame a level: twice as many would reach Python's recursion limit before our own.
    origin = value
    kind = type(value)
    if kind not in _PLAIN:
        value = _to_base(value)
        kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_text(value)
        return value
    if value is None or kind is bool:
        return value
    if kind is int:
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise _Refused("an integer beyond ±(2^53−1); send it as a string")
        return value
    if kind is float:
        if value - value != 0.0:
            raise _Refused(f"{value!r}, which JSON does not have; send None or a string")
        return value
    if kind is bytes:
        from binascii import b2a_base64

        return {"__bytes__": True, "b64": b2a_base64(value, newline=False).decode("ascii")}
    if depth >= MAX_DEPTH:
        raise _Refused(f"nested deeper than {MAX_DEPTH}", at=origin)
    if kind is dict:
        properties: dict[str, Any] = {}
        for key, item in value.items():
            name = key if type(key) is str and key.isascii() else _convert_key(key)
            try:
                properties[name] = _convert(item, depth + 1)
            except _Refused as refused:
                raise refused.passing(origin, name) from None
        return properties
    if _is_of_one_kind(value):
        return value
    items: list[Any] = []
    try:
        for item in value:
            # No comprehension: the length is the index of a refusal.
            items.append(_convert(item, depth + 1))  # noqa: PERF401
    except _Refused as refused:
        raise refused.passing(origin, len(items)) from None
    return items


_PLAIN = frozenset({str, type(None), bool, int, float, bytes, dict, list, tuple})


def _to_base(value: Any) -> Any:
    """Take a subclass of a plain type for its base; refuse what has no plain one."""
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
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    from pyferry.refusals import describe_foreign

    raise _Refused(describe_foreign(value))


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


def _convert_key(key: object) -> str:
    if not isinstance(key, str):
        kind = type(key).__qualname__
        raise _Refused(f"a key of type {kind}; the keys of an object are strings")
    text = str.__str__(key)
    _check_text(text)
    return text


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _Refused("a string with a lone surrogate, which is not valid Unicode") from None


def _read_base64(text: str, root: str, keys: Keys) -> bytes:
    from binascii import Error, a2b_base64

    def refuse() -> NoReturn:
        raise UnserializableError(format_path(root, keys), "bytes that are not base64 (RFC 4648)")

    # `a2b_base64` skips what it does not know, and its strict mode came with 3.11.
    letters = text.encode("utf-8", "surrogatepass")
    body = letters.rstrip(b"=")
    if len(letters) % 4 or len(letters) - len(body) > 2 or not _BASE64_LETTERS.issuperset(body):
        refuse()
    try:
        return a2b_base64(letters)
    except Error:
        refuse()
