"""What to say of a value that JSON cannot carry, and what to send instead.

Imported when the first one is met.
"""

from __future__ import annotations

__all__ = ["describe_foreign", "type_name"]

_HINTS = {
    "builtins.set": "sorted(value) or list(value)",
    "builtins.frozenset": "sorted(value) or list(value)",
    "builtins.range": "list(value)",
    "builtins.generator": "list(value)",
    "builtins.map": "list(value)",
    "builtins.filter": "list(value)",
    "builtins.zip": "list(value)",
    "builtins.dict_keys": "list(value)",
    "builtins.dict_values": "list(value)",
    "builtins.dict_items": "dict(value)",
    "builtins.complex": "[value.real, value.imag]",
    "array.array": ".tolist() or .tobytes()",
    "collections.deque": "list(value)",
    "datetime.date": ".isoformat()",
    "datetime.time": ".isoformat()",
    "datetime.timedelta": ".total_seconds()",
    "decimal.Decimal": "str(value) or float(value)",
    "fractions.Fraction": "str(value) or float(value)",
    "uuid.UUID": "str(value)",
    "pathlib.PurePath": "str(value)",
    "pathlib._local.PurePath": "str(value)",
    "enum.Enum": ".value",
    "numpy.ndarray": ".tolist()",
    "numpy.generic": ".item()",
    "pandas.core.frame.DataFrame": ".to_dict('records')",
    "pandas.core.series.Series": ".tolist()",
    "pandas.core.indexes.base.Index": ".tolist()",
    "torch.Tensor": ".tolist()",
}

_METHODS = {"model_dump": ".model_dump()", "__dataclass_fields__": "dataclasses.asdict(value)"}


def describe_foreign(value: object) -> str:
    """Return in words what `value` is and, where there is one, the usual way to send it.

    Args:
        value: of a type that has no JSON form.
    """
    kind = type(value)
    for base in kind.__mro__:
        hint = _HINTS.get(f"{base.__module__}.{base.__qualname__}")
        if hint is not None:
            break
    else:
        hint = next((_METHODS[name] for name in _METHODS if hasattr(kind, name)), None)
    problem = f"a value of type {type_name(value)}, which JSON does not have"
    return problem if hint is None else f"{problem}; send {hint}"


def type_name(value: object) -> str:
    """Return the name of a value's class, with its module where that tells something."""
    kind = type(value)
    if kind.__module__ in ("builtins", "__main__", "__sources__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
