"""numpy's arrays and scalars, with a real numpy (D-2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyferry.errors import UnserializableError
from test_marks import back, marked

DTYPES = ["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"]
DTYPES += ["<c8", "<c16", "<M8[ns]", "<m8[D]"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (0, 3), (2, 1, 2)])
def test_an_array_comes_back_as_it_was(dtype: str, shape: tuple[int, ...]) -> None:
    """D-2: with its dtype and its shape."""
    count = int(np.prod(shape))
    array = (np.arange(count) % 2).astype(dtype).reshape(shape)

    result = back({"x": [array]})["x"][0]

    assert (array.dtype, array.shape) == (result.dtype, result.shape)
    assert np.array_equal(array, result)
    assert not result.flags.writeable
    assert result.flags.aligned


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">i4"),
        np.arange(12).reshape(3, 4).T,
        np.arange(12)[::-2],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.broadcast_to(np.float32(1.5), (2, 2)),
        np.frombuffer(b"x" + bytes(range(16)), "<f8", offset=1),
        np.arange(3).astype(">M8[s]"),
    ],
)
def test_an_array_of_any_layout_goes_in_c_order(array: Any) -> None:
    """D-2: little-endian, whatever it was."""
    result = back(array)

    assert array.dtype.newbyteorder("<") == result.dtype
    assert np.array_equal(array, result)


def test_an_array_that_lies_right_is_not_copied() -> None:
    """D-2: the attachment is its memory."""
    from pyferry.marking import to_marked

    array = np.arange(10)

    _, _, attachments = to_marked(array, is_strict=True)

    assert attachments is not None
    assert np.shares_memory(np.frombuffer(attachments[0], "u1"), array)


def test_an_attachment_that_is_aligned_is_not_copied() -> None:
    """D-2: the array is a view of the frame."""
    from pyferry.arrays import make_array

    data = bytes(16)

    assert np.shares_memory(make_array(memoryview(data), "<f8", [2]), np.frombuffer(data, "u1"))


@pytest.mark.parametrize(
    ("value", "wire", "marks"),
    [
        (np.int64(5), 5, []),
        (np.uint64(2**63), str(2**63), [[[], "int"]]),
        (np.float32(0.5), 0.5, []),
        (np.float64("nan"), "nan", [[[], "float"]]),
        (np.bool_(True), True, []),
        (np.str_("x"), "x", []),
        (np.longdouble(0.5), 0.5, []),
        (np.complex64(1j), [0, "<c8", []], [[[], "array"]]),
        (np.complex128(1j), [0, "<c16", []], [[[], "array"]]),
        (1j, [0, "<c16", []], [[[], "array"]]),
        ({np.int32(1): 2}, [[1, 2]], [[[], "map"]]),
    ],
)
def test_a_scalar_goes_as_what_python_has_for_it(value: Any, wire: Any, marks: Any) -> None:
    """D-3: or as an array without dimensions, where Python has nothing as exact."""
    assert (wire, marks) == marked(value)[:2]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([{}, 1], dtype=object), "dtype object"),
        (np.zeros(2, dtype=[("a", "<i4")]), r"\[\('a', '<i4'\)\]"),
        (np.array([b"a"]), r"dtype \|S1"),
        (np.zeros(1, dtype="M8[25s]"), r"datetime64\[25s\]"),
        (np.zeros(1, dtype=[("a", "<i4")])[0], "numpy.void"),
        (np.ma.masked_array([1, 2], mask=[0, 1]), "filled"),
        (np.longdouble(1) / 3, "float cannot hold"),
    ],
)
def test_what_no_attachment_carries_is_refused_by_name(value: Any, words: str) -> None:
    """D-6: also without `strictValues`; a repr of it would help nobody."""
    with pytest.raises(UnserializableError, match=words) as caught:
        marked({"x": value}, is_strict=False)

    assert caught.value.path == "result.x"


def test_an_array_of_texts_is_a_list_of_them() -> None:
    """D-3: of lists, with more dimensions; the memory of one is nothing that others read."""
    assert marked(np.array([["a", "ü"], ["", "c"]])) == ([["a", "ü"], ["", "c"]], [], [])
    assert marked(np.array("a")) == ("a", [], [])


def test_a_complex_number_comes_back_as_numpy_s() -> None:
    """D-1: no part of it is text on the way."""
    result = back([1.5 - 2j])[0]

    assert (result.dtype, result.shape, complex(result)) == (np.complex128, (), 1.5 - 2j)
