"""Arrays of numbers to and from attachments (contract D-2); imported at the first one.

numpy is the user's, or absent: on the way out it is there when a value is of it, and on the way in
it is imported if the environment has it.
"""

from __future__ import annotations

import sys

from pyferry.refusals import type_name
from pyferry.walk import LEAF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyferry.marking import Marking
    from pyferry.walk import Replaced

__all__ = [
    "attach_array",
    "attach_complex",
    "attach_memory",
    "make_array",
    "replace_scalar",
    "size_of_item",
]

_SIZES = {
    "|b1": 1,
    "|i1": 1,
    "|u1": 1,
    "<i2": 2,
    "<u2": 2,
    "<i4": 4,
    "<u4": 4,
    "<i8": 8,
    "<u8": 8,
    "<f2": 2,
    "<f4": 4,
    "<f8": 8,
    "<c8": 8,
    "<c16": 16,
}

_UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
_SIZES.update({f"<{kind}8[{unit}]": 8 for kind in "Mm" for unit in _UNITS})

_FORMATS = {
    "|b1": "?",
    "|i1": "b",
    "|u1": "B",
    "<i2": "h",
    "<u2": "H",
    "<i4": "i",
    "<u4": "I",
    "<i8": "q",
    "<u8": "Q",
    "<f2": "e",
    "<f4": "f",
    "<f8": "d",
}
"""Of `memoryview`, which has none for the others."""

_KINDS = {
    **dict.fromkeys("bhilqn", "i"),
    **dict.fromkeys("BHILQN", "u"),
    **dict.fromkeys("efd", "f"),
}

_MISSING = object()
_numpy: Any = None


def size_of_item(dtype: str) -> int | None:
    """Return the bytes that an item of `dtype` takes; `None` for what the protocol has not."""
    return _SIZES.get(dtype)


def attach_memory(value: memoryview, walk: Marking) -> Replaced:
    """Attach the items of a memoryview, or of what has one."""
    if walk.is_plain:
        return value.tolist(), None
    code = value.format.lstrip("@=<")
    kind = _KINDS.get(code)
    if code == "?":
        dtype = "|b1"
    elif kind is None or sys.byteorder != "little":
        raise walk.refusal(f"memory of the format {value.format!r}, which cannot be carried")
    else:
        dtype = f"{'|' if value.itemsize == 1 else '<'}{kind}{value.itemsize}"
    is_view = value.c_contiguous and value.nbytes > 0 and code == value.format
    data = value.cast("B") if is_view else value.tobytes()
    return _attach(data, dtype, value.shape or (), walk)


def attach_complex(value: complex, walk: Marking) -> Replaced:
    """Attach a complex number, as numpy's: an array without dimensions."""
    if walk.is_plain:
        return [value.real, value.imag], None
    import struct

    return _attach(struct.pack("<2d", value.real, value.imag), "<c16", (), walk)


def attach_array(value: Any, walk: Marking) -> Replaced:
    """Attach the items of a numpy array: a view if they lie in C order, little-endian.

    Arrays of texts are lists: their memory, four bytes a character, is nothing that others read.
    """
    if value.dtype.kind in "UT":
        return value.tolist(), None
    if walk.is_plain and value.dtype.kind in "biuf":
        return value.tolist(), None
    if walk.is_plain and value.dtype.kind in "cmM":
        # Item by item: each as it goes alone.
        return list(value) if value.ndim else value[()], None
    little = value.dtype.newbyteorder("<")
    dtype = little.str
    if dtype not in _SIZES:
        raise walk.refusal(
            f"an array of dtype {value.dtype}, which cannot be carried; send .tolist()"
        )
    array = sys.modules["numpy"].asarray(value).astype(little, order="C", copy=False)
    # By way of bytes: dates have no buffer of their own, and empty ones no shape.
    return _attach(memoryview(array.reshape(-1).view("u1")), dtype, array.shape, walk)


def replace_scalar(value: Any, walk: Marking) -> Replaced:
    """Return what Python has for a numpy scalar; where that would lose something, attach it."""
    kind = value.dtype.kind
    if kind in "mM":
        from pyferry.times import replace_numpy_time

        return replace_numpy_time(value, walk)
    if kind == "c" and walk.is_plain:
        return [value.real, value.imag], None
    if kind == "c":
        return attach_array(sys.modules["numpy"].asarray(value), walk)
    if kind == "V":
        raise walk.refusal(f"a value of type {type_name(value)}; send .item()")
    if kind == "f":
        number = float(value)
        if number != value and value == value:
            raise walk.refusal(f"a {type_name(value)} that a float cannot hold; send float(value)")
        return number, None
    return value.item(), None


def _attach(data: Any, dtype: str, shape: tuple[int, ...], walk: Marking) -> Replaced:
    index = walk.attach(data)
    walk.mark("array")
    return [index, dtype, list(shape)], LEAF


def make_array(data: memoryview, dtype: str, shape: list[int]) -> Any:
    """Make a read-only array of an attachment: numpy's, or without numpy a `memoryview`.

    A view of `data`, or a copy where its items are not aligned, which numpy's users may rely on.

    Raises:
        ValueError: for what a `memoryview` cannot tell, or more dimensions than either has.
    """
    global _numpy
    if _numpy is None:
        _numpy = _import_numpy()
    if _numpy is not _MISSING:
        array = _numpy.frombuffer(data, dtype) if data else _numpy.empty(0, dtype)
        if not array.flags.aligned:
            array = array.copy()
        array = array.reshape(shape)
        array.flags.writeable = False
        return array
    code = _FORMATS.get(dtype)
    try:
        if code is None:
            raise ValueError
        view = data.cast(code)  # type: ignore[call-overload]
        return view if len(shape) == 1 else data.cast(code, shape)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise ValueError(f"an array of dtype {dtype} and shape {shape}, without numpy") from None


def _import_numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return _MISSING
    return numpy
