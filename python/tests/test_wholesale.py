"""Values judged as a whole: is what is said of them true (D-1, D-6)."""

from __future__ import annotations

import collections
import enum
import gc
import sys
import threading
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from pyferry.errors import UnserializableError
from pyferry.marking import to_marked
from pyferry.walk import MAX_DEPTH, ManyItems
from pyferry.wholesale import Aging, is_plain, without_collector
from test_marks import VALUES

Point = collections.namedtuple("Point", "x y")
Level = enum.IntEnum("Level", "LOW")


class Text(str):
    __slots__ = ()


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        "ü",
        [],
        {},
        [1, "a", None, True, 0.5, (2, [3]), {"k": {"l": []}}],
        [float("nan"), 2**70, "\ud800"],
        [{"id": index, "tags": ["a", "b"]} for index in range(3000)],
        nested(16),
        {str(index): [index] for index in range(100_000)},
        [{str(index): [{}] for index in range(100)}] * 3000,
    ],
)
def test_what_is_of_the_types_of_json_is_plain(value: Any) -> None:
    """D-1: however much of it there is."""
    assert is_plain(value)


@pytest.mark.parametrize(
    "odd",
    [
        b"bytes",
        bytearray(b"x"),
        memoryview(b"x"),
        {1, 2},
        Level.LOW,
        Text("x"),
        Point(1, 2),
        collections.OrderedDict(a=1),
        np.float64(1),
        {1: 2},
        {"a": 1, None: 2},
        {Text("a"): 1},
        1j,
        object(),
        nested(MAX_DEPTH),
    ],
)
def test_one_thing_among_thousands_that_is_of_another_type_is_seen(odd: Any) -> None:
    """D-6: at the end of a list, as a property, deep inside."""
    many: list[Any] = [{"id": index, "tags": [index, "b"]} for index in range(3000)]

    assert not is_plain([*many, odd])
    assert not is_plain([{"rows": many, "odd": (odd,)}])
    assert not is_plain([*many[:1500], {"id": [{"x": odd}]}, *many[1500:]])


@pytest.mark.parametrize("odd", [2**53, -(2**53), 2**70, "\ud800", "a\udfff", {"\ud800": 1}])
def test_looking_closely_sees_what_json_and_javascript_cannot_hold(odd: Any) -> None:
    """D-1, D-6: integers beyond the safe ones and lone surrogates."""
    many = [{"id": index, "name": f"ü{index}", "score": 0.5} for index in range(3000)]

    assert is_plain([*many, odd])
    assert not is_plain([*many, odd], closely=True)
    assert is_plain([*many, 2**53 - 1, "😀"], closely=True)


def test_what_holds_itself_is_not_plain() -> None:
    """D-1: and is seen to be so at once, however often it does."""
    cycle: list[Any] = []
    cycle += [cycle, cycle, cycle]

    assert not is_plain(cycle)


def test_to_see_that_thousands_hold_one_another_takes_no_memory() -> None:
    """D-1: level by level they would be as many as their square, their cube, and so on."""
    nodes: list[dict[str, Any]] = [{"id": index} for index in range(2500)]
    for node in nodes:
        node["others"] = nodes
    lists: list[Any] = []
    lists += [lists] * 2500

    tracemalloc.start()
    try:
        assert not is_plain(nodes)
        assert not is_plain(lists)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_what_is_nested_deeply_is_left_to_the_walk_and_arrives() -> None:
    """D-1: as deep as anything may be."""
    deep = nested(MAX_DEPTH - 1)

    assert not is_plain([deep])
    assert to_marked([deep], is_strict=True) == ([deep], None, None)


def test_a_dict_that_another_thread_adds_to_is_looked_at_all_the_same() -> None:
    """D-1: whatever it holds at that moment."""
    shared: dict[str, Any] = {str(index): [index] for index in range(200_000)}
    is_over = threading.Event()

    def change() -> None:
        while not is_over.is_set():
            shared[str(len(shared))] = []
            shared.popitem()
            shared[str(len(shared))] = []

    thread = threading.Thread(target=change)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        assert is_plain(shared)
        assert is_plain([shared, dict(shared)])
    finally:
        sys.setswitchinterval(interval)
        is_over.set()
        thread.join()


@given(VALUES)
def test_what_is_plain_needs_no_mark(value: Any) -> None:
    """D-1: but for floats that are not finite a walk through it leaves it as it is."""
    if not is_plain(value, closely=True):
        return
    wire, marks, attachments = to_marked(value, is_strict=True)
    assert attachments is None
    if marks:
        assert {kind for _, kind in marks} == {"float"}
    else:
        assert wire == value


def test_a_walk_ends_early_where_there_are_many_items_and_none_is_marked() -> None:
    """D-6: and goes on where one of the first needed a mark, or where the room is not bounded."""
    many = list(range(10))
    with pytest.raises(ManyItems):
        to_marked([many, {1}], is_strict=True, room=10)

    _, marks, _ = to_marked([{1}, [*many, {1}]], is_strict=True, room=10)
    assert marks == [[[0], "set"], [[1, 10], "set"]]
    with pytest.raises(UnserializableError, match=r"result\[1\]\[10\]"):
        to_marked([{1}, [*many, "\ud800"]], is_strict=True, room=10)


def test_the_collector_is_as_it_was_whatever_happens() -> None:
    """It is off while something is read, on afterwards, and off where it was off."""

    def read(_: object) -> bool:
        return gc.isenabled()

    def fail(_: object) -> None:
        raise ValueError("no")

    for data in (b"", bytes(1 << 20)):
        assert gc.isenabled()
        assert without_collector(read, data) is False
        assert gc.isenabled()
        with pytest.raises(ValueError, match="no"):
            without_collector(fail, data)
        assert gc.isenabled()
        gc.disable()
        try:
            assert without_collector(read, data) is False
            assert not gc.isenabled()
        finally:
            gc.enable()


def test_a_collector_whose_threshold_is_zero_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python takes it: nothing is gone through, then."""
    monkeypatch.setattr(gc, "collect", lambda *_: pytest.fail("collected"))
    thresholds = gc.get_threshold()
    gc.set_threshold(0)
    try:
        for _ in range(30):
            without_collector(bytes, bytes(1 << 20))
    finally:
        gc.set_threshold(*thresholds)


@pytest.mark.parametrize(("seconds", "times"), [(0.0, 9), (0.6, 2), (60.0, 1)])
def test_the_longer_all_of_the_memory_takes_the_rarer_it_is_gone_through(
    seconds: float, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D-1: a body of a MiB, every 100 ms for 10 seconds, where the user keeps many objects."""
    now = [0.0]
    collected: list[float] = []

    def collect() -> None:
        collected.append(now[0])
        now[0] += seconds

    monkeypatch.setattr(gc, "collect", collect)
    aging = Aging()
    while now[0] < 10:
        now[0] += 0.1
        aging.age(lambda: now[0])

    assert len(collected) == times


def test_what_somebody_has_frozen_stays_so() -> None:
    """`gc.freeze` is the user's too."""
    gc.freeze()
    try:
        count = gc.get_freeze_count()
        without_collector(bytes, bytes(1 << 20))
        assert count > 0
        assert gc.get_freeze_count() == count
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("size", [1 << 16, 1 << 20])
def test_garbage_in_circles_is_found_between_large_bodies(size: int) -> None:
    """Whatever counts as old: as much as a few calls leave behind, and no more."""

    class Circle:
        def __init__(self) -> None:
            self.self = self

    alive: weakref.WeakSet[Circle] = weakref.WeakSet()
    for _ in range(60):
        without_collector(lambda data: [[each] for each in data[:5000]], bytes(size))
        for _ in range(100):
            alive.add(Circle())

    assert len(alive) < 2000
