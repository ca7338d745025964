"""Results in their plain forms: `values: 'json'` (D-3)."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import io
import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pyferry
from host import Host
from pyferry import registry
from pyferry.errors import MalformedFrameError, UnserializableError
from pyferry.jsontext import write_json
from pyferry.marking import to_marked
from pyferry.negotiated import decode_batch
from pyferry.parcels import Parcels
from pyferry.values import from_wire
from test_negotiated import answers, frame

UTC = datetime.timezone.utc


def plain(value: Any, *, is_strict: bool = True) -> Any:
    wire, marks, attachments = to_marked(value, is_strict=is_strict, is_plain=True)
    assert (marks, attachments) == (None, None)
    return json.loads(write_json(wire))


class Point(NamedTuple):
    x: int
    y: Any


COLUMNS = {"n": [1, None], "text": ["a", None]}
RECORDS = [{"n": 1, "text": "a"}, {"n": None, "text": None}]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ([{1}, frozenset(), (1, (2,))], [[1], [], [1, [2]]]),
        (Point(1, {2}), {"x": 1, "y": [2]}),
        (b"\0\1\2", {"__bytes__": True, "b64": "AAEC"}),
        (bytearray(b"\0"), {"__bytes__": True, "b64": "AA=="}),
        (datetime.datetime(2024, 2, 29, 12, tzinfo=UTC), "2024-02-29T12:00:00+00:00"),
        (datetime.datetime(2024, 2, 29, 12), "2024-02-29T12:00:00"),
        (decimal.Decimal("1.10"), "1.10"),
        ({1: "a", "b": {2: {3}}}, {"1": "a", "b": {"2": [3]}}),
        (collections.deque([1]), [1]),
        (1 + 2j, [1.0, 2.0]),
        (np.complex64(1j), [0.0, 1.0]),
        (np.arange(6, dtype="i2").reshape(2, 3), [[0, 1, 2], [3, 4, 5]]),
        (np.array(2.5), 2.5),
        (np.array([[1j]]), [[[0.0, 1.0]]]),
        (np.array(["2024-02-29", "NaT"], dtype="M8[D]"), ["2024-02-29", None]),
        (np.array(90, dtype="m8[s]"), "PT1M30S"),
        (np.array([True]), [True]),
        (array.array("d", [1.5]), [1.5]),
        (memoryview(b"ab"), [97, 98]),
        (pa.table(COLUMNS), RECORDS),
        (pa.table(COLUMNS).to_batches()[0], RECORDS),
        (pl.DataFrame(COLUMNS), RECORDS),
        (pd.DataFrame(COLUMNS), RECORDS),
        (pd.DataFrame({"n": [1]}, index=pd.Index(["a"], name="key")), [{"key": "a", "n": 1}]),
        (pd.Series([1.5, np.nan], name="s"), [{"s": 1.5}, {"s": None}]),
        (
            pd.DataFrame({"when": pd.to_datetime(["2024-02-29"], utc=True)}),
            [{"when": "2024-02-29T00:00:00+00:00"}],
        ),
        (pd.DataFrame({0: [1]}), [{"0": 1}]),
        (pl.Series("s", [1]), [{"s": 1}]),
    ],
)
def test_each_type_has_a_plain_form(value: Any, form: Any) -> None:
    """D-3: JSON alone."""
    assert plain({"x": [value]}) == {"x": [form]}


def test_a_picture_is_bytes_in_their_form() -> None:
    """D-5: as the base protocol has it."""
    data = from_wire(plain(Image.new("RGB", (2, 1), "red")), "result")

    assert Image.open(io.BytesIO(data)).getpixel((0, 0)) == (255, 0, 0)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(1 - 2**53, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
        ),
    )
)
def test_what_is_json_stays_as_it_is(value: Any) -> None:
    """D-3: and needs no form."""
    assert plain(value) == value


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ([2**53], "result[0]", "beyond"),
        ({"a": {1: float("nan")}}, "result.a[0][1]", "nan, which JSON does not have"),
        (np.array([[1.0, np.inf]]), "result[0][1]", "inf, which JSON does not have"),
        ([{(1, 2): 3}], "result[0]", "a key that is (1, 2), where JSON has only strings"),
        ([{True: 3}], "result[0]", "a key that is True"),
        ({"a": {1: 2, "1": 3}}, "result.a", "two keys that are '1' in JSON"),
        (np.zeros(1, dtype=[("a", "i4")]), "result", "dtype"),
        ([object], "result[0]", "no rule carries"),
    ],
)
def test_what_json_lacks_is_refused(value: Any, path: str, words: str) -> None:
    """D-6: rather than changed."""
    with pytest.raises(UnserializableError) as caught:
        plain(value)

    assert caught.value.path == path
    assert words in str(caught.value)


def test_a_codec_comes_first_and_its_name_is_not_told() -> None:
    """D-3: what it makes is plain too."""
    pyferry.register_codec(Image.Image, lambda image: {image.size}, name="image")
    try:
        assert plain([Image.new("L", (2, 1))]) == [[[2, 1]]]
    finally:
        registry.encodings.clear()
        registry.rules.clear()


CODE = "def f(): return {1}"


@pytest.mark.parametrize(
    ("agreed", "asked", "result"),
    [
        (None, None, [1, [1], [[[], "set"]]]),
        (None, "json", [1, [1]]),
        ("json", None, [1, [1]]),
        ("json", "faithful", [1, [1], [[[], "set"]]]),
    ],
)
def test_a_call_may_want_what_the_connection_does_not(agreed: Any, asked: Any, result: Any) -> None:
    """D-3: of a worker, and of one call."""
    made = Host("fd")
    try:
        made.receive()
        made.send({"type": "accept", "protocol": 1, "values": agreed})
        call = [1, "f", [], None, None, {"values": asked}] if asked else [1, "f", []]
        made.write(frame(["define", "o1", {"code": CODE}], call))
        assert answers(made, 3)[2] == result
    finally:
        made.stop()


@pytest.mark.parametrize("options", [1, "json", ["json"], {"values": "xml"}, {"values": 1}])
def test_options_of_a_call_are_checked(options: Any) -> None:
    """W-4: what is not known in them is ignored."""
    with pytest.raises(MalformedFrameError):
        decode_batch(json.dumps([[1, "f", [], None, None, options]]).encode(), Parcels())
    decode_batch(b'[[1,"f",[],null,null,{"later":1}],[2,"f",[],null,null,null]]', Parcels())
