"""JSON text: strict in, ASCII out, by the C halves and without them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import PYTHON, SOURCES
from pyferry.jsontext import parse_json, write_json

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    SCALARS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_is_read_again(value: Any) -> None:
    """W-1: and it is ASCII, which the standard library reads the same."""
    text = write_json(value)

    assert text.isascii()
    assert value == parse_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "[1,]", "{} {}", "NaN", "[Infinity]", "'a'", "01", "tru"]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    """W-1: also the literals that Python's own module lets through."""
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_float_that_is_not_finite_is_never_written(value: float) -> None:
    """W-1: never bare."""
    with pytest.raises(ValueError, match="JSON"):
        write_json([value])


def test_without_the_c_halves_the_public_module_does_the_same() -> None:
    """K-4: an interpreter without `_json`."""
    program = (
        "import sys; sys.modules['_json'] = None; sys.path.insert(0, sys.argv[1])\n"
        "from pyferry.jsontext import parse_json, quote, write_json\n"
        "value = {'a': [1, 2.5, None, True, 'ü']}\n"
        "assert parse_json(' ' + write_json(value) + ' ') == value\n"
        'assert write_json(value) == \'{"a":[1,2.5,null,true,"\\\\u00fc"]}\'\n'
        "assert quote('ü') == '\"\\\\u00fc\"'\n"
        "for text in ('NaN', '', '{} {}', '[1,]'):\n"
        "    try: parse_json(text)\n"
        "    except ValueError: continue\n"
        "    raise AssertionError(text)\n"
    )
    subprocess.run([PYTHON, "-c", program, SOURCES], check=True)
