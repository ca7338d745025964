"""`pyferry.main_thread`, the mark itself; `test_executor.py` has what follows from it."""

from __future__ import annotations

import functools
from typing import Any

import pytest

import pyferry
from pyferry.mainthread import is_for_main_thread


def plain(value: int) -> int:
    return value + 1


def test_a_marked_function_stays_what_it_is() -> None:
    """V-2: also where there is no worker."""

    @pyferry.main_thread
    def marked(value: int) -> int:
        return value + 1

    assert marked(1) == 2
    assert is_for_main_thread(marked)
    assert not is_for_main_thread(plain)


def test_methods_classes_and_wrapped_functions_can_be_marked() -> None:
    """V-6: whatever can be called from outside."""

    class Window:
        @pyferry.main_thread
        def draw(self) -> None: ...

        @pyferry.main_thread
        @staticmethod
        def static() -> None: ...

        @classmethod
        @pyferry.main_thread
        def make(cls) -> None: ...

        def title(self) -> None: ...

    @functools.wraps(Window.draw)
    def wrapped() -> None: ...

    marked: list[Any] = [Window.draw, Window().draw, Window.static, Window.make, wrapped]
    assert [is_for_main_thread(each) for each in marked] == [True] * 5
    assert not is_for_main_thread(Window)
    assert not is_for_main_thread(Window.title)
    assert is_for_main_thread(pyferry.main_thread(Window))


@pytest.mark.parametrize("target", [1, "plain", None, len])
def test_what_cannot_be_marked_is_refused(target: Any) -> None:
    """V-6: rather than run anywhere."""
    with pytest.raises(TypeError, match=r"main thread|cannot be marked"):
        pyferry.main_thread(target)
