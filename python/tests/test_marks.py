"""Values with marks: what stands in their place, and what comes back (D-1, D-2, D-3, D-6)."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import math
import pathlib
import sys
import types
import uuid
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyferry.errors import UnserializableError
from pyferry.jsontext import parse_json, write_json
from pyferry.marking import to_marked
from pyferry.marks import Attachments, place_marks
from pyferry.walk import MAX_DEPTH

UTC = datetime.timezone.utc


def marked(value: Any, *, is_strict: bool = True) -> tuple[Any, list[Any], list[bytes]]:
    wire, marks, attachments = to_marked(value, is_strict=is_strict)
    # Lists and tuples are the same there.
    return parse_json(write_json(wire)), marks or [], [bytes(each) for each in attachments or []]


def back(value: Any) -> Any:
    """Send a value as a result and read it as an argument: the forms are the same."""
    wire, marks, attachments = marked(value)
    args = [wire]
    places = [[[0, *path], kind] for path, kind in marks]
    parts = Attachments([memoryview(each) for each in attachments])
    place_marks(args, {}, places, parts).revive()
    assert parts.unnamed == 0
    return args[0]


HASHABLE = st.recursive(
    st.none()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.datetimes(timezones=st.just(UTC)).map(
        lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000)
    ),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=4,
)
VALUES = st.recursive(
    HASHABLE.filter(lambda value: type(value) is not tuple),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
        | st.dictionaries(HASHABLE, inner)
        | st.sets(HASHABLE)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_carried_comes_back_equal(value: Any) -> None:
    """D-1: at any place, in any other."""
    assert value == back(value)


def test_what_does_not_equal_itself_comes_back_too() -> None:
    """D-1: and the sign of zero."""
    values = back([math.nan, -0.0, 0.0])
    assert math.isnan(values[0])
    assert [math.copysign(1, value) for value in values[1:]] == [-1, 1]


def test_an_integer_of_any_size_comes_back() -> None:
    """D-1: also beyond the digits that `str` wants to write."""
    assert back(7**20000) == 7**20000


class Color(enum.Enum):
    RED = "red"
    BOTH = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Shade(str, enum.Enum):
    DARK = "dark"


class Point(NamedTuple):
    x: int
    y: Any


@dataclasses.dataclass
class Record:
    x: Any
    y: Any = dataclasses.field(default=None, repr=False)


@attrs.define
class Attributes:
    x: Any


class Model:
    def model_dump(self) -> Any:
        return {"when": datetime.date(2024, 2, 29), "one": {1}}

    def dict(self) -> Any:
        raise AssertionError("model_dump comes first")


class Older:
    def dict(self) -> Any:
        return {"older": Record(1)}


class Json:
    def __json__(self) -> Any:
        return Older()


class Plain:
    def __repr__(self) -> str:
        return "Plain!"


@pytest.mark.parametrize(
    ("value", "wire", "marks"),
    [
        (Color.RED, "red", []),
        ([Color.BOTH], ["BOTH"], []),
        (Level.LOW, 1, []),
        ({Shade.DARK: Level.LOW}, {"dark": 1}, []),
        ({Level.LOW: Color.RED}, [[1, "red"]], [[[], "map"]]),
        ((1, (2,)), [1, [2]], []),
        (Point(1, {2}), {"x": 1, "y": [2]}, [[["y"], "set"]]),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}, []),
        (types.MappingProxyType({"a": 2**53}), {"a": "9007199254740992"}, [[["a"], "int"]]),
        (collections.deque([1, 2.5]), [1, 2.5], []),
        (range(3), [0, 1, 2], []),
        (collections.UserDict({"a": range(0)}), {"a": []}, []),
        ({"a": 1}.keys(), ["a"], [[[], "set"]]),
        (frozenset([(1,)]), [[1]], [[[], "set"]]),
        (
            {"a": {1}, 2: {3}},
            [["a", [1]], [2, [3]]],
            [[[0, 1], "set"], [[1, 1], "set"], [[], "map"]],
        ),
        (datetime.datetime(1970, 1, 1, 0, 0, 1, 1999, UTC), 1001, [[[], "date"]]),
        (datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), -1, [[[], "date"]]),
        (datetime.datetime(2024, 2, 29, 12), "2024-02-29T12:00:00", []),
        (datetime.date(2024, 2, 29), "2024-02-29", []),
        (datetime.time(12, 30), "12:30:00", []),
        (collections.UserString("text"), "text", []),
        (datetime.timedelta(days=1, hours=2, seconds=3.5), "P1DT2H3.5S", []),
        (datetime.timedelta(days=2), "P2D", []),
        (-datetime.timedelta(minutes=1), "-PT1M", []),
        (datetime.timedelta(0), "PT0S", []),
        (decimal.Decimal("1.10"), "1.10", []),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001", []),
        (pathlib.PurePosixPath("a/b"), "a/b", []),
        (
            Record(1, Record(math.inf)),
            {"x": 1, "y": {"x": "inf", "y": None}},
            [[["y", "x"], "float"]],
        ),
        (Attributes({1}), {"x": [1]}, [[["x"], "set"]]),
        (Model(), {"when": "2024-02-29", "one": [1]}, [[["one"], "set"]]),
        ([Json()], [{"older": {"x": 1, "y": None}}], []),
    ],
)
def test_each_type_goes_as_its_rule_says(value: Any, wire: Any, marks: Any) -> None:
    """D-3: what a converter returns is itself converted."""
    assert (wire, marks, []) == marked(value)


def test_attachments_are_numbered_in_the_order_of_their_marks() -> None:
    """D-5: a dict that turns out to be a map begins anew, with everything in it."""
    value = {"a": b"a", "b": {"c": [bytearray(b"c"), 2**60], 1: b"d"}, "e": [b"e"]}

    assert marked(value) == (
        {"a": 0, "b": [["c", [1, "1152921504606846976"]], [1, 2]], "e": [3]},
        [
            [["a"], "bytes"],
            [["b", 0, 1, 0], "bytes"],
            [["b", 0, 1, 1], "int"],
            [["b", 1, 1], "bytes"],
            [["b"], "map"],
            [["e", 0], "bytes"],
        ],
        [b"a", b"c", b"d", b"e"],
    )


@pytest.mark.parametrize(
    ("value", "dtype", "shape", "data"),
    [
        (memoryview(b"abcd"), "|u1", [4], b"abcd"),
        (memoryview(b"abcd")[::2], "|u1", [2], b"ac"),
        (memoryview(b""), "|u1", [0], b""),
        (memoryview(b"abcd").cast("B", [2, 2]), "|u1", [2, 2], b"abcd"),
        (memoryview(b"\1\0\0\0").cast("i", []), "<i4", [], b"\1\0\0\0"),
        (memoryview(b"\1\0").cast("?"), "|b1", [2], b"\1\0"),
        (array.array("h", [1, -1]), "<i2", [2], b"\1\0\xff\xff"),
        (array.array("d", []), "<f8", [0], b""),
        (array.array("L", [1]), f"<u{array.array('L').itemsize}", [1], None),
    ],
)
def test_memory_goes_as_an_array(value: Any, dtype: str, shape: list[int], data: Any) -> None:
    """D-2: Python's own arrays, with no list in between."""
    wire, marks, attachments = marked([value])

    assert (wire, marks) == ([[0, dtype, shape]], [[[0], "array"]])
    assert data is None or attachments == [data]


class Circle:
    def __json__(self) -> Any:
        return Circle()


class Raises:
    def __json__(self) -> Any:
        raise KeyError("mine")


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"items": [0, Plain()]}, "result.items[1]", "test_marks.Plain, which no rule carries"),
        ({1: Plain()}, "result[0][1]", "Plain"),
        ({(Plain(),): 1}, "result[0][0][0]", "Plain"),
        ([{2: "\ud800"}], "result[0][0][1]", "lone surrogate"),
        ({"k": {"\udfff": 1}}, "result.k", "lone surrogate"),
        ([Circle()], "result[0]", "lead nowhere"),
        ((each for each in ()), "result", "list(value)"),
        (map(str, ()), "result", "list(value)"),
        ([memoryview(b"abcd").cast("c")], "result[0]", "'c'"),
        (Record, "result", "type"),
    ],
)
def test_what_no_rule_carries_is_refused_with_its_path(value: Any, path: str, words: str) -> None:
    """D-6: with `strictValues`."""
    with pytest.raises(UnserializableError) as caught:
        marked(value)

    assert path == caught.value.path
    assert words in str(caught.value)


def test_what_no_rule_carries_is_its_repr() -> None:
    """D-3: unless `strictValues` is on."""
    assert marked([Plain(), len], is_strict=False) == (["Plain!", repr(len)], [], [])


def test_what_a_method_of_the_user_s_raises_is_theirs() -> None:
    """V-18: no error of ours hides it."""
    with pytest.raises(KeyError, match="mine"):
        marked([Raises()])


def nest(depth: int, wrap: Any, value: Any) -> Any:
    for _ in range(depth):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    "wrap", [lambda value: [value], lambda value: {1: value}, lambda value: Record(value)]
)
def test_nesting_is_carried_up_to_512_as_the_sender_sees_it(wrap: Any) -> None:
    """D-6: a map takes two levels of JSON and is one."""
    deepest = nest(MAX_DEPTH, wrap, 2**60)
    back(deepest)
    with pytest.raises(UnserializableError, match="nested deeper than 512"):
        marked(wrap(deepest))


def test_a_cycle_is_named_where_it_closes() -> None:
    """D-6: through whatever types it goes."""
    value: dict[Any, Any] = {1: [0]}
    value[2] = {"record": Record(value)}

    with pytest.raises(UnserializableError, match="refers back to") as caught:
        marked({"root": value})

    assert caught.value.path == "result.root[1][1].record.x"


def test_without_numpy_an_array_is_a_memoryview(monkeypatch: pytest.MonkeyPatch) -> None:
    """D-2: of the same format and shape; read-only."""
    import pyferry.arrays

    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.setattr(pyferry.arrays, "_numpy", None)

    matrix = back(memoryview(array.array("d", [1, 2, 3, 4])).cast("B").cast("d", [2, 2]))

    assert isinstance(matrix, memoryview)
    assert (matrix.tolist(), matrix.readonly) == ([[1, 2], [3, 4]], True)
    args = [[0, "<c8", [1]]]
    places = place_marks(args, {}, [[[0], "array"]], Attachments([memoryview(bytes(8))]))
    with pytest.raises(UnserializableError, match=r"dtype <c8 .* without numpy") as caught:
        places.revive()
    assert caught.value.path == "args[0]"
