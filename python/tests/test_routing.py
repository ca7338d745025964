"""Which functions count as slow (contract V-2)."""

from __future__ import annotations

from pyferry.routing import MAX_NAMES, SLOW_SECONDS, SlowFunctions

QUICK = SLOW_SECONDS / 100
LONG = SLOW_SECONDS * 100


def quick_calls_until_forgotten(functions: SlowFunctions, name: str) -> int:
    count = 0
    while name in functions.averages:
        functions.note(name, QUICK)
        count += 1
    return count


def test_a_function_is_slow_from_the_first_long_call_on() -> None:
    """Quick ones are not even remembered."""
    functions = SlowFunctions()
    for seconds in (QUICK, SLOW_SECONDS, LONG):
        functions.note(f"{seconds}", seconds)

    assert list(functions.averages) == [f"{LONG}"]


def test_a_function_is_quick_again_after_seven_quick_calls() -> None:
    """However long it has been, and how often."""
    functions = SlowFunctions()
    functions.note("once", LONG)
    for _ in range(100):
        functions.note("always", LONG)

    assert quick_calls_until_forgotten(functions, "once") == 7
    assert quick_calls_until_forgotten(functions, "always") == 7


def test_a_function_that_is_long_now_and_then_stays_slow() -> None:
    """One call in three that is long is enough."""
    functions = SlowFunctions()
    for _ in range(100):
        functions.note("f", LONG)
        for _ in range(2):
            functions.note("f", QUICK)
        assert "f" in functions.averages


def test_memory_is_bounded() -> None:
    """The names come from the host; the first ones go."""
    functions = SlowFunctions()
    for number in range(MAX_NAMES + 10):
        functions.note(f"f{number}", LONG)

    assert len(functions.averages) == MAX_NAMES
    assert "f9" not in functions.averages
    assert "f10" in functions.averages
