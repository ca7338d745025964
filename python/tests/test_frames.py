"""Tables of real pandas, polars and pyarrow (D-3)."""

from __future__ import annotations

import datetime
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyferry.errors import UnserializableError
from pyferry.frames import make_table
from test_marks import back, marked

COLUMNS = {
    "whole": [1, 2, None],
    "real": [0.5, None, -1.0],
    "text": ["a", "ü😀", None],
    "flag": [True, None, False],
    "when": [datetime.datetime(2024, 2, 29, 12, 0, 0, 1), None, datetime.datetime(1970, 1, 1)],
    "lists": [[1, 2], [], None],
}
TABLE = pa.table(COLUMNS)


def sent(value: Any) -> Any:
    """Return what was written, as pyarrow reads it."""
    wire, marks, attachments = marked({"x": [value]})
    assert (wire, marks) == ({"x": [0]}, [[["x", 0], "arrow"]])
    with pa.ipc.open_stream(pa.py_buffer(attachments[0])) as reader:
        return reader.read_all()


@pytest.mark.parametrize(
    "value",
    [
        TABLE,
        TABLE.to_batches()[0],
        TABLE.slice(1),
        pa.concat_tables([TABLE, TABLE]),
        TABLE.select([]),
        pa.table({"x": pa.array(["a", "b", "a"]).dictionary_encode()}),
    ],
)
def test_a_table_of_pyarrow_comes_back_equal(value: Any) -> None:
    """D-3: with its schema; a record batch is a table of one."""
    expected = value if isinstance(value, pa.Table) else pa.Table.from_batches([value])

    result = back([value])[0]

    assert isinstance(result, pa.Table)
    assert result.equals(expected, check_metadata=True)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (pa.array([1, None]), "0"),
        (pa.chunked_array([[1], [None]]), "0"),
        (pl.Series("n", [1, None]), "n"),
        (pd.Series([1, None], name="n", dtype="Int64"), "n"),
        (pd.array([1, None], dtype="Int64"), "0"),
        (pd.Index([1, None], dtype="Int64", name="n"), "n"),
    ],
)
def test_a_column_is_a_table_that_has_no_other(values: Any, name: str) -> None:
    """D-3: with its name, or the one that pandas gives."""
    assert sent(values).to_pydict() == {name: [1, None]}


def test_a_frame_of_polars_is_a_table() -> None:
    """D-3: with texts that every reader of Arrow knows."""
    table = sent(pl.DataFrame(COLUMNS))

    assert table.to_pydict() == COLUMNS
    assert table.schema.field("text").type == pa.large_string()


def test_a_frame_of_pandas_is_a_table_from_which_the_same_can_be_made() -> None:
    """D-3: types, missing values and an index that says something."""
    frame = pd.DataFrame(
        {
            "n": [1.5, np.nan],
            "when": pd.to_datetime(["2024-02-29", None], utc=True),
            "kind": pd.Categorical(["a", "b"]),
        },
        index=pd.Index(["x", "y"], name="key"),
    )

    table = sent(frame)

    assert table.column_names == ["n", "when", "kind", "key"]
    pd.testing.assert_frame_equal(table.to_pandas(), frame)
    assert sent(pd.DataFrame({"n": [1]})).column_names == ["n"]


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "i": st.none() | st.integers(-(2**63), 2**63 - 1),
                "f": st.none() | st.floats(allow_nan=False),
                "s": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
                "b": st.none() | st.binary(),
            }
        )
    )
)
def test_any_rows_come_back(rows: list[Any]) -> None:
    """D-3: through pyarrow and through polars."""
    schema = {"i": pa.int64(), "f": pa.float64(), "s": pa.string(), "b": pa.binary()}
    table = pa.Table.from_pylist(rows, pa.schema(schema))

    assert back(table).to_pylist() == rows
    assert back(pl.from_arrow(table)).to_pylist() == rows


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (pd.DataFrame({"mixed": [1, "a", {}]}), "pandas.*Arrow cannot hold.*mixed"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Arrow cannot hold"),
        (pl.DataFrame({"o": [object()]}), "polars.*Arrow cannot hold"),
        (pl.LazyFrame({"a": [1]}), "collect"),
    ],
)
def test_what_arrow_cannot_hold_is_refused_by_name(value: Any, words: str) -> None:
    """D-6: never a repr of some of its rows."""
    with pytest.raises(UnserializableError, match=words) as caught:
        marked({"x": value}, is_strict=False)

    assert caught.value.path == "result.x"


def test_a_scalar_of_pyarrow_is_what_python_has_for_it() -> None:
    """D-3: converted in its turn."""
    assert marked([pa.scalar(2**60), pa.scalar(None)]) == (
        [str(2**60), None],
        [[[0], "int"]],
        [],
    )


def test_a_frame_of_pandas_needs_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """D-6: it says what is missing, with the path."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(UnserializableError, match="pyarrow is not installed") as caught:
        marked([pd.DataFrame()], is_strict=False)

    assert caught.value.path == "result[0]"


def test_without_pyarrow_a_table_is_a_frame_of_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    """D-3: which goes without it as well."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    frame = pl.DataFrame(COLUMNS)

    result = back(frame)

    assert isinstance(result, pl.DataFrame)
    assert result.equals(frame)
    with pytest.raises(ValueError, match="no Arrow IPC stream"):
        make_table(memoryview(b"nonsense"))


def test_without_either_an_argument_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """D-6: naming what is missing."""
    wire = marked(TABLE)[2][0]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "polars", None)

    with pytest.raises(ValueError, match="neither pyarrow nor polars is installed"):
        make_table(memoryview(wire))


@pytest.mark.parametrize("data", [b"", b"nonsense", b"ARROW1\0\0", b"\xff\xff\xff\xff\1\0\0\0\0"])
def test_what_is_no_stream_fails_its_call(data: bytes) -> None:
    """D-6: and nothing else."""
    with pytest.raises(ValueError, match="no Arrow IPC stream"):
        make_table(memoryview(data))


def test_a_table_is_over_the_memory_that_came() -> None:
    """D-4: not a copy of it."""
    data = marked(pa.table({"n": pa.array(range(1000), pa.int64())}))[2][0]

    values = make_table(memoryview(data))["n"].chunk(0).to_numpy(zero_copy_only=True)

    assert np.shares_memory(values, np.frombuffer(data, "u1"))
