"""Tables of pandas, polars and pyarrow, which travel as Arrow IPC streams (contract D-3).

Imported at the first one. A table that goes out is of a library that the user has imported; pandas'
way to Arrow leads through pyarrow, which is imported then. One that comes in is a `pyarrow.Table`,
or without pyarrow a `polars.DataFrame`.
"""

from __future__ import annotations

import sys

from pyferry.refusals import type_name
from pyferry.walk import LEAF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyferry.marking import Marking
    from pyferry.walk import Replaced

__all__ = ["make_table", "replace_arrow", "replace_pandas", "replace_polars", "to_frame"]


def replace_pandas(frame: Any, walk: Marking) -> Replaced:
    """Attach a pandas DataFrame.

    Arrow's own rule for the index holds: one that only counts is told beside the data, any other is
    a column.
    """
    if walk.is_plain:
        return _records_of_pandas(frame), None
    try:
        import pyarrow
    except ImportError:
        raise walk.refusal(
            f"a value of type {type_name(frame)}, which travels as Arrow: pyarrow is not installed"
            " in this environment; add it, or send .to_dict('records')"
        ) from None
    return _attach(frame, lambda: _write_arrow(pyarrow.Table.from_pandas(frame)), walk)


def replace_polars(frame: Any, walk: Marking) -> Replaced:
    """Attach a polars DataFrame."""
    if walk.is_plain:
        return frame.to_dicts(), None
    return _attach(frame, lambda: _write_polars(frame), walk)


def replace_arrow(table: Any, walk: Marking) -> Replaced:
    """Attach a table or a record batch of pyarrow."""
    if walk.is_plain:
        return table.to_pylist(), None
    return _attach(table, lambda: _write_arrow(table), walk)


def to_frame(values: Any, _walk: Marking) -> Replaced:
    """Take a column for a frame that has no other; a pandas Series keeps its index."""
    if hasattr(values, "to_series"):
        # An index of pandas, which would be its own index too.
        return values.to_frame(index=False), None
    if hasattr(values, "to_frame"):
        return values.to_frame(), None
    if hasattr(values, "to_pylist"):
        return sys.modules["pyarrow"].table([values], names=["0"]), None
    return sys.modules["pandas"].Series(values).to_frame(), None


def _attach(value: Any, write: Callable[[], Any], walk: Marking) -> Replaced:
    try:
        data = write()
    except Exception as error:
        # A column of anything, two of one name, an extension type: the library says which.
        problem = f"a value of type {type_name(value)} that Arrow cannot hold ({error})"
        raise walk.refusal(f"{problem}; send its records") from error
    index = walk.attach(memoryview(data).cast("B"))
    walk.mark("arrow")
    return index, LEAF


def _records_of_pandas(frame: Any) -> Any:
    """Return a dict for each row; what is missing is `None`, and the rule for the index holds."""
    if type(frame.index).__name__ != "RangeIndex":
        frame = frame.reset_index()
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _write_arrow(table: Any) -> Any:
    import pyarrow

    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write(table)
    return sink.getvalue()


def _write_polars(frame: Any) -> Any:
    from io import BytesIO

    if any(dtype.is_(sys.modules["polars"].Object) for dtype in frame.dtypes):
        # Their addresses would be written.
        raise ValueError("a column of Python objects")
    sink = BytesIO()
    level = getattr(sys.modules["polars"], "CompatLevel", None)
    if level is None:
        frame.write_ipc_stream(sink)
    else:
        # Texts as everybody reads them: not all know the views that polars has.
        frame.write_ipc_stream(sink, compat_level=level.oldest())
    return sink.getbuffer()


def make_table(data: memoryview) -> Any:
    """Make a table of an IPC stream: pyarrow's, over that memory, or polars'.

    Raises:
        ValueError: for what is no such stream, and when neither library is installed.
    """
    try:
        import pyarrow
    except ImportError:
        return _make_polars(data)
    try:
        with pyarrow.ipc.open_stream(pyarrow.py_buffer(data)) as reader:
            return reader.read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"no Arrow IPC stream ({error})") from error


def _make_polars(data: memoryview) -> Any:
    try:
        import polars
    except ImportError:
        raise ValueError(
            "an Arrow table, and neither pyarrow nor polars is installed in this environment"
        ) from None
    try:
        return polars.read_ipc_stream(data.tobytes())
    except Exception as error:
        raise ValueError(f"no Arrow IPC stream ({error})") from error
