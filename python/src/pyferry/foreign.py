"""What stands for a value of a foreign type (contract D-3); imported when the first one is met.

A rule is chosen by type, once: what the user has registered, then a table of classes by name, so
that nothing has to be imported to know them, then what the type offers itself. What a rule returns
is looked at again.
"""

from __future__ import annotations

import sys
from _collections_abc import Mapping, Sequence, Set

from pyferry.refusals import type_name
from pyferry.registry import encodings, rules
from pyferry.times import replace_datetime, replace_time, replace_timedelta
from pyferry.walk import LEAF, convert, to_base

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyferry.errors import UnserializableError
    from pyferry.marking import Marking
    from pyferry.walk import Replaced

    Rule = Callable[[Any, Marking], Replaced]

__all__ = ["replace_foreign"]

MAX_REPLACEMENTS = 64
"""How often a value may be replaced by another one before that is taken for a circle."""

MAX_RULES = 1000
"""Types whose rule is remembered; functions that make classes must not fill the memory."""

_PLAIN = frozenset({str, type(None), bool, int, float, bytes, dict, list, tuple})


def replace_foreign(value: Any, walk: Marking) -> Replaced:
    """Return what stands for `value`, of a plain type, and the mark that it needs.

    Raises:
        UnserializableError: for what cannot be carried.
        BaseException: whatever a method of the user's raised.
    """
    for _ in range(MAX_REPLACEMENTS):
        kind = type(value)
        rule = rules.get(kind)
        if rule is None:
            if len(rules) >= MAX_RULES:
                rules.clear()
            rule = rules[kind] = _find_rule(kind)
        value, mark = rule(value, walk)
        if mark is not None or type(value) in _PLAIN:
            return value, mark
    raise walk.refusal(f"a value of type {type_name(value)}, whose replacements lead nowhere")


def _find_rule(kind: type) -> Rule:
    for base in kind.__mro__ if encodings else ():
        if base in encodings:
            return _codec(base, *encodings[base])
    names = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
    if "enum.Enum" in names:
        return _enum_value
    if issubclass(kind, (str, int, float, dict, tuple, list, bytes, bytearray)):
        return _base
    for name in names:
        rule = _BY_NAME.get(name)
        if rule is not None:
            return rule
    if issubclass(kind, Mapping):
        return lambda value, _: (dict(value.items()), None)
    if issubclass(kind, Set):
        return lambda value, _: (list(value), "set")
    if issubclass(kind, Sequence):
        return lambda value, _: (list(value), None)
    if hasattr(kind, "__dataclass_fields__"):
        return _dataclass_fields
    if callable(getattr(kind, "model_dump", None)):
        return lambda value, _: (value.model_dump(), None)
    if hasattr(kind, "__attrs_attrs__"):
        return _attrs_fields
    if callable(getattr(kind, "dict", None)):
        return lambda value, _: (value.dict(), None)
    if callable(getattr(kind, "__json__", None)):
        return lambda value, _: (value.__json__(), None)
    return _repr


def _codec(cls: type, encode: Callable[[Any], Any], name: str | None) -> Rule:
    def replace(value: Any, walk: Marking) -> Replaced:
        try:
            sent = encode(value)
        except Exception as error:
            raise _codec_refusal(walk, cls, error) from error
        if name is None:
            return sent, None
        try:
            wire = convert(sent, walk)
        except RecursionError as error:
            raise _codec_refusal(walk, cls, error) from None
        # Behind all marks of what it has made.
        walk.mark(["codec", name])
        return wire, LEAF

    return replace


def _codec_refusal(walk: Marking, cls: type, error: Exception) -> UnserializableError:
    return walk.refusal(f"the codec of {cls.__qualname__} has failed: {error!r}")


def _enum_value(member: Any, _walk: Marking) -> Replaced:
    value = member.value
    return value if isinstance(value, (str, int, float, type(None))) else member.name, None


def _base(value: Any, _walk: Marking) -> Replaced:
    return to_base(value), None


def _set(value: Any, _walk: Marking) -> Replaced:
    return list(value), "set"


def _none(_value: Any, _walk: Marking) -> Replaced:
    return None, None


def _text(value: Any, _walk: Marking) -> Replaced:
    return str(value), None


def _complex(value: complex, walk: Marking) -> Replaced:
    from pyferry.arrays import attach_complex

    return attach_complex(value, walk)


def _memory(value: Any, walk: Marking) -> Replaced:
    from pyferry.arrays import attach_memory

    return attach_memory(memoryview(value), walk)


def _numpy_array(value: Any, walk: Marking) -> Replaced:
    from pyferry.arrays import attach_array

    return attach_array(value, walk)


def _numpy_scalar(value: Any, walk: Marking) -> Replaced:
    from pyferry.arrays import replace_scalar

    return replace_scalar(value, walk)


def _column(value: Any, walk: Marking) -> Replaced:
    from pyferry.frames import to_frame

    return to_frame(value, walk)


def _pandas_frame(value: Any, walk: Marking) -> Replaced:
    from pyferry.frames import replace_pandas

    return replace_pandas(value, walk)


def _polars_frame(value: Any, walk: Marking) -> Replaced:
    from pyferry.frames import replace_polars

    return replace_polars(value, walk)


def _arrow_table(value: Any, walk: Marking) -> Replaced:
    from pyferry.frames import replace_arrow

    return replace_arrow(value, walk)


def _arrow_scalar(value: Any, _walk: Marking) -> Replaced:
    return value.as_py(), None


def _image(value: Any, walk: Marking) -> Replaced:
    from pyferry.images import replace_image

    return replace_image(value, walk)


def _lazy_frame(value: Any, walk: Marking) -> Replaced:
    raise walk.refusal(f"a value of type {type_name(value)}, which is a plan; send .collect()")


def _masked_array(value: Any, walk: Marking) -> Replaced:
    raise walk.refusal(f"a value of type {type_name(value)}; masks are not carried; send .filled()")


def _dataclass_fields(value: Any, walk: Marking) -> Replaced:
    if isinstance(value, type):
        return _repr(value, walk)
    fields = sys.modules["dataclasses"].fields(value)
    return {field.name: getattr(value, field.name) for field in fields}, None


def _attrs_fields(value: Any, _walk: Marking) -> Replaced:
    names = [attribute.name for attribute in type(value).__attrs_attrs__]
    return {name: getattr(value, name) for name in names}, None


def _stream(value: Any, walk: Marking) -> Replaced:
    raise walk.refusal(f"a value of type {type_name(value)}, which is no result; send list(value)")


def _repr(value: Any, walk: Marking) -> Replaced:
    if walk.is_strict:
        raise walk.refusal(f"a value of type {type_name(value)}, which no rule carries")
    return repr(value), None


_BY_NAME: dict[str, Rule] = {
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "datetime.datetime": replace_datetime,
    "datetime.date": replace_time,
    "datetime.time": replace_time,
    "datetime.timedelta": replace_timedelta,
    "decimal.Decimal": _text,
    "uuid.UUID": _text,
    "pathlib.PurePath": _text,
    "pathlib._local.PurePath": _text,
    "collections.UserString": _text,
    "builtins.complex": _complex,
    "builtins.memoryview": _memory,
    "array.array": _memory,
    "numpy.ma.core.MaskedArray": _masked_array,
    "numpy.ma.MaskedArray": _masked_array,
    "numpy.ndarray": _numpy_array,
    "numpy.generic": _numpy_scalar,
    **dict.fromkeys(["pandas.core.frame.DataFrame", "pandas.DataFrame"], _pandas_frame),
    **dict.fromkeys(["pandas.core.series.Series", "pandas.Series"], _column),
    **dict.fromkeys(["pandas.core.indexes.base.Index", "pandas.Index"], _column),
    "pandas.core.arrays.base.ExtensionArray": _column,
    "pandas._libs.missing.NAType": _none,
    "pandas._libs.tslibs.period.Period": _text,
    "polars.dataframe.frame.DataFrame": _polars_frame,
    "polars.series.series.Series": _column,
    "polars.lazyframe.frame.LazyFrame": _lazy_frame,
    "pyarrow.lib.Table": _arrow_table,
    "pyarrow.lib.RecordBatch": _arrow_table,
    "pyarrow.lib.Array": _column,
    "pyarrow.lib.ChunkedArray": _column,
    "pyarrow.lib.Scalar": _arrow_scalar,
    "PIL.Image.Image": _image,
    # Generators will be streams (contract T-1), and a repr of either tells nobody anything.
    "builtins.generator": _stream,
    "builtins.async_generator": _stream,
    "builtins.coroutine": _stream,
    "builtins.map": _stream,
    "builtins.filter": _stream,
    "builtins.zip": _stream,
    "builtins.enumerate": _stream,
    "builtins.reversed": _stream,
}
