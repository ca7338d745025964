"""JSON text, by the C halves of the standard library's `json`.

The module itself costs 6 ms to import (`re`, `enum`) and its functions about 1 µs more per call;
they are the fall-back for an interpreter without the C halves.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, NoReturn

__all__ = ["LARGE_BYTES", "parse_json", "quote", "write_json"]

LARGE_BYTES = 64 * 1024
"""From here on a body is worth a closer look at how it is read, see `wholesale.py`."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_object(value: object) -> NoReturn:
    raise TypeError(f"{type(value).__name__} is not JSON")


class _Strict:
    """What the scanner asks its context for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)
    memo = None


scan: Callable[[str, int], tuple[Any, int]]
quote: Callable[[str], str]

try:
    import _json

    # The stub wants a whole JSONDecoder; C reads these attributes only.
    scan = _json.make_scanner(_Strict)  # type: ignore[arg-type]
    quote = _json.encode_basestring_ascii
    _make_chunks = _json.make_encoder(
        None, _refuse_object, quote, None, ":", ",", False, False, False
    )

    def write_json(value: object) -> str:
        """Write `value` as compact ASCII.

        Args:
            value: what `to_wire` has let through; other things are written wrongly or not at all.

        Raises:
            ValueError: for a float that is not finite.
        """
        try:
            return "".join(_make_chunks(value, 0))
        except RecursionError:
            return "".join(_on_deep_stack(_make_chunks, value, 0))

except (ImportError, AttributeError):
    import json
    from json.encoder import py_encode_basestring_ascii

    # Undocumented, like its twin above, and there since 2.6.
    scan = json.JSONDecoder(parse_constant=_refuse_constant).scan_once  # type: ignore[attr-defined]
    quote = py_encode_basestring_ascii
    _encoder = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))

    def write_json(value: object) -> str:
        """Write `value` as compact ASCII."""
        try:
            return _encoder.encode(value)
        except RecursionError:
            return str(_on_deep_stack(_encoder.encode, value))


RECURSION_LIMIT = 3000
"""For what the protocols allow and Python's 1000 does not: 512 nested maps are 1024 arrays."""

_deep_stack = allocate_lock()


def _on_deep_stack(function: Callable[..., Any], *args: Any) -> Any:
    # The limit is the process's: two at once would take the other's for the user's.
    with _deep_stack:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, RECURSION_LIMIT))
        try:
            return function(*args)
        finally:
            sys.setrecursionlimit(limit)


_WHITE_SPACE = " \t\n\r"

_UNRAISED = (SystemError, ImportError, AttributeError)
"""In place of a `JSONDecodeError`. C takes that from `json.decoder`: before 3.12 it raises nothing
at all while nobody has imported it, and the user may have another module of that name."""


def parse_json(text: str) -> Any:
    """Parse one JSON text: strictly RFC 8259; of a key given twice the last one counts.

    Raises:
        ValueError: for anything else; also for `NaN` and `Infinity`.
        RecursionError: for nesting beyond what the protocols allow.
    """
    try:
        try:
            value, end = scan(text, 0)
        except RecursionError:
            value, end = _on_deep_stack(scan, text, 0)
        except StopIteration:
            text = text.strip(_WHITE_SPACE)
            value, end = scan(text, 0)
    except StopIteration as stop:
        raise ValueError(f"not JSON at character {stop.value}") from None
    except _UNRAISED:
        raise ValueError("wrong somewhere inside") from None
    if end != len(text) and text[end:].strip(_WHITE_SPACE):
        raise ValueError(f"more text after the value, at character {end}")
    return value
