"""`pyferry.expose`, in a worker and outside one."""

from __future__ import annotations

import functools
import subprocess
from typing import Any

import pytest

import pyferry
from host import PYTHON, SOURCES
from pyferry.exposing import mark_of


def test_the_package_offers_these_names() -> None:
    """V-6: what user code may import."""
    assert {"__version__", "expose", "main_thread", "register_codec"} == set(pyferry.__all__)


def test_importing_it_outside_a_worker_is_harmless() -> None:
    """V-6: and functions stay what they are."""
    program = (
        f"import sys; sys.path.insert(0, {SOURCES!r})\n"
        "import pyferry\n"
        "@pyferry.expose\n"
        "def one(): return 1\n"
        "@pyferry.expose(name='other.two')\n"
        "def two(): return 2\n"
        "print(one() + two(), pyferry.__version__)\n"
    )
    done = subprocess.run([PYTHON, "-c", program], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().split() == ["3", pyferry.__version__]


def test_a_mark_belongs_to_the_module_that_made_it() -> None:
    """V-6: importing a marked function marks nothing."""

    @pyferry.expose(name="other")
    def function() -> None: ...

    mark = mark_of(function, __name__)
    assert mark is not None
    assert mark.name == "other"
    assert mark_of(function, "elsewhere") is None


def test_a_wrapper_keeps_the_mark_and_a_subclass_does_not() -> None:
    """V-6: `functools.wraps` copies it; what a class offers its subclass does not."""

    @pyferry.expose
    def function() -> None: ...

    @functools.wraps(function)
    def wrapper() -> None: ...

    @pyferry.expose
    class Base: ...

    class Derived(Base): ...

    assert mark_of(wrapper, __name__) is not None
    assert mark_of(Base, __name__) is not None
    assert mark_of(Derived, __name__) is None


@pytest.mark.parametrize("value", [1, "name", len])
def test_what_cannot_be_marked_is_a_type_error(value: Any) -> None:
    """V-6: not callable, or without room for a mark."""
    with pytest.raises(TypeError):
        pyferry.expose(value)


@pytest.mark.parametrize("name", ["", "_a", "a._b", "a b", "a..b", 3])
def test_a_name_that_could_not_be_called_is_a_type_error(name: Any) -> None:
    """V-6: names with a segment that begins with an underscore are not callable."""
    with pytest.raises(TypeError, match="public dotted name"):
        pyferry.expose(name=name)
