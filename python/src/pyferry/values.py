"""Values to and from their wire form (PROTOCOL.md, "Values"; contract D-5, D-6).

What JSON would change silently is refused, with the path to it.
"""

from __future__ import annotations

from pyferry.errors import UnserializableError
from pyferry.walk import MAX_DEPTH, MAX_SAFE_INTEGER, Walk, convert, format_path, to_base

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Union

    from pyferry.walk import Replaced

    Keys = tuple[Union[str, int], ...]

__all__ = ["MAX_DEPTH", "MAX_SAFE_INTEGER", "format_path", "from_wire", "to_wire", "write_bytes"]

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
    kind = type(value)
    if value is None or kind is bool or (kind is str and value.isascii()):
        return value
    if kind is int and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value
    return convert(value, _Refusing(root))


class _Refusing(Walk):
    """Lets nothing through in disguise but bytes."""

    __slots__ = ()

    def replace(self, value: Any) -> Replaced:
        if isinstance(value, memoryview):
            return bytes(value), None
        base = to_base(value)
        if base is not None:
            return base, None
        from pyferry.refusals import describe_foreign

        raise self.refusal(describe_foreign(value))

    def replace_integer(self, _value: int) -> NoReturn:
        raise self.refusal("an integer beyond ±(2^53−1); send it as a string")

    def replace_float(self, value: float) -> NoReturn:
        raise self.refusal(f"{value!r}, which JSON does not have; send None or a string")

    def replace_bytes(self, value: bytes) -> Any:
        return write_bytes(value)

    def begin_map(self, key: object) -> NoReturn:
        kind = type(key).__qualname__
        raise self.refusal(f"a key of type {kind}; the keys of an object are strings")


def write_bytes(value: bytes) -> dict[str, Any]:
    """Return the object that stands for bytes where only JSON is spoken."""
    from binascii import b2a_base64

    return {"__bytes__": True, "b64": b2a_base64(value, newline=False).decode("ascii")}


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
