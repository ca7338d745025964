"""What the page of values is made with: things to send, and how to say in words what something is."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import uuid

import pyferry

try:
    import numpy
    import pandas
    import PIL.Image
    import polars
    import pyarrow
except ImportError:
    numpy = pyarrow = None


class Colour(enum.Enum):
    RED = "red"
    MIXED = ("red", "blue")


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    tags: set


Pair = collections.namedtuple("Pair", "left right")


class Text(str):
    """One of the user's own."""


class Model:
    """As pydantic's are."""

    def model_dump(self):
        return {"made": datetime.date(2026, 1, 2)}


class Old:
    """As pydantic's were."""

    def dict(self):
        return {"a": 1}


class Own:
    """What a user can write for us."""

    def __json__(self):
        return ["own"]


@dataclasses.dataclass(frozen=True)
class Money:
    """Both sides have a codec for it."""

    cents: int
    currency: str


pyferry.register_codec(
    Money, lambda money: (money.cents, money.currency), name="money", decode=lambda sent: Money(*sent)
)


class Thing:
    """Nothing says how it is sent."""

    def __repr__(self):
        return "<a thing>"


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def cycle():
    value = []
    value.append({"back": value})
    return value


def make(text):
    """What a Python expression gives."""
    return eval(text)


def describe(value):
    """A value's type and content, the same with every version of Python and of numpy."""
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ in ("builtins", __name__) else f"{kind.__module__}.{kind.__qualname__}"
    if numpy is not None and isinstance(value, numpy.ndarray):
        return f"{name}, {value.dtype}, shape {value.shape}: {value.tolist()}"
    if pyarrow is not None and isinstance(value, pyarrow.Table):
        return f"{name}: {value.to_pydict()}"
    if isinstance(value, memoryview):
        items = value.tolist() if value.nbytes else []
        return f"{name}, format {value.format!r}, shape {value.shape}: {items}"
    if isinstance(value, bytes) and len(value) > 20:
        return f"{name}: {value[:4]}…"
    text = repr(value)
    return text if text.startswith(f"{name}(") else f"{name}: {text}"


def describe_made(text):
    return describe(make(text))


def same(value):
    return value
