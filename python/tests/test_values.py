"""Values to and from the wire: what is carried, what is refused, and where (D-5, D-6)."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import uuid
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyferry.errors import UnserializableError, shorten_path
from pyferry.jsontext import parse_json, write_json
from pyferry.values import MAX_DEPTH, MAX_SAFE_INTEGER, format_path, from_wire, to_wire

SAFE = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | SAFE | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=30,
)


class Color(enum.IntEnum):
    RED = 1


class Shade(str, enum.Enum):
    DARK = "dark"


class Point(NamedTuple):
    x: int
    y: list[int]


class OddList(list):  # type: ignore[type-arg]
    pass


class OddFloat(float):
    def __repr__(self) -> str:
        return "odd"


@given(VALUES)
def test_what_is_carried_comes_back_equal(value: Any) -> None:
    """D-5: bytes too, at any place."""
    assert value == from_wire(parse_json(write_json(to_wire(value))), "args")


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ((1, (2,)), [1, [2]]),
        (Color.RED, 1),
        (Shade.DARK, "dark"),
        ({Shade.DARK: Color.RED}, {"dark": 1}),
        (Point(1, [2]), {"x": 1, "y": [2]}),
        (OddList([1]), [1]),
        (OddFloat(1.5), 1.5),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (bytearray(b"\0\1"), {"__bytes__": True, "b64": "AAE="}),
        (memoryview(b"abcd")[::2], {"__bytes__": True, "b64": "YWM="}),
        ({"__bytes__": True, "b64": "AAE="}, {"__bytes__": True, "b64": "AAE="}),
        ([True, 1, 2.0, None, ""], [True, 1, 2.0, None, ""]),
        ([None, None], [None, None]),
        ([True, False], [True, False]),
        ("ü😀", "ü😀"),
        (MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
        (1e300, 1e300),
        ([1e308, 1e308], [1e308, 1e308]),
    ],
)
def test_a_subclass_goes_as_its_base(value: Any, wire: Any) -> None:
    """D-6: nothing is changed that JSON can hold."""
    assert write_json(wire) == write_json(to_wire(value))


class Bad:
    pass


@dataclasses.dataclass
class Record:
    x: int


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (2**53, "result", "integer beyond"),
        ([0, -(2**53)], "result[1]", "integer beyond"),
        (float("nan"), "result", "nan"),
        ([1.0, float("inf")], "result[1]", "inf"),
        ([1.0, float("-inf"), float("inf")], "result[1]", "-inf"),
        ({"a b": [{"c": {1}}]}, 'result["a b"][0].c', "sorted(value)"),
        ({"ü": Bad()}, 'result["ü"]', "test_values.Bad, which JSON does not have"),
        ({1: 2}, "result", "a key of type int"),
        ({"x": {None: 2}}, "result.x", "a key of type NoneType"),
        (["a", "\ud800"], "result[1]", "lone surrogate"),
        ({"k": {"\udfff": 1}}, "result.k", "lone surrogate"),
        ({"when": datetime.datetime(2024, 1, 1)}, "result.when", ".isoformat()"),
        (datetime.timedelta(1), "result", ".total_seconds()"),
        (decimal.Decimal(1), "result", "decimal.Decimal"),
        (uuid.UUID(int=1), "result", "str(value)"),
        (pathlib.PurePosixPath("a"), "result", "str(value)"),
        (Record(1), "result", "dataclasses.asdict"),
        (Point(1, [Bad()]), "result.y[0]", "Bad"),  # type: ignore[list-item]
        ((each for each in ()), "result", "list(value)"),
        (1j, "result", "value.real"),
        (print, "result", "builtin_function_or_method"),
        (Bad, "result", "of type type"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_path(value: Any, path: str, words: str) -> None:
    """D-6: and with what to send instead."""
    with pytest.raises(UnserializableError) as caught:
        to_wire(value)

    assert path == caught.value.path
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_nesting_is_carried_up_to_512() -> None:
    """D-6: on both sides."""
    assert write_json(nested(MAX_DEPTH)) == write_json(to_wire(nested(MAX_DEPTH)))
    with pytest.raises(UnserializableError, match="nested deeper than 512"):
        to_wire(nested(MAX_DEPTH + 1))
    with pytest.raises(UnserializableError, match="nested deeper than 512"):
        from_wire(nested(MAX_DEPTH + 1), "args")


def test_a_cycle_is_named_where_it_closes() -> None:
    """D-6: also when a finished branch is met before."""
    value: dict[str, Any] = {"tail": [[1]], "items": []}
    value["items"].append({"parent": value})

    with pytest.raises(UnserializableError) as caught:
        to_wire({"root": value})

    assert caught.value.path == "result.root.items[0].parent"
    assert "refers back to result.root" in str(caught.value)


@pytest.mark.parametrize("text", ["AAA", "AA-_", " AA==", "A===", "====", "AA=A", "AAAA\n", "ü==="])
def test_what_is_not_base64_is_refused_with_its_path(text: str) -> None:
    """D-5: RFC 4648 section 4, padded, no white space."""
    with pytest.raises(UnserializableError, match="base64") as caught:
        from_wire([{"x": {"b64": text, "__bytes__": True}}], "args", ("k",))

    assert caught.value.path == "args.k[0].x"


@pytest.mark.parametrize(
    ("text", "data"), [("", b""), ("AA==", b"\0"), ("AB==", b"\0"), ("+/8A", b"\xfb\xff\0")]
)
def test_base64_is_read(text: str, data: bytes) -> None:
    """D-5: unused bits of the last letter are ignored."""
    assert data == from_wire({"__bytes__": True, "b64": text}, "args")


def test_a_path_is_written_as_javascript_would() -> None:
    """D-6: names after a dot, everything else as a JSON string."""
    keys = ("a", "$b_1", 3, "a key", "1", "", "ü")
    assert format_path("args", keys) == 'args.a.$b_1[3]["a key"]["1"][""]["ü"]'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("args.items[3].when", "args.items[3].when"),
        ("result" + "[0]" * 38, "result" + "[0]" * 38),
        ("result" + "[0]" * 512, "result" + "[0]" * 17 + "…" + "[0]" * 20),
        ("args.first" + ".step" * 99 + ".last", f"args.first{'.step' * 9}…{'.step' * 11}.last"),
        ('args["' + "k" * 500 + '"].x', "args….x"),
        ('args["' + "k" * 500 + '"]', f'args…{"k" * 58}"]'),
    ],
)
def test_a_long_path_is_shown_by_its_first_and_last_steps(path: str, expected: str) -> None:
    """D-6: as `shortenPath` of the codec does; the error keeps it whole."""
    error = UnserializableError(path, "nested")

    assert expected == shorten_path(path)
    assert (path, f"{expected}: nested") == (error.path, str(error))
