"""`spin: 'both'`: looking for more, for a bounded moment (contract W-5)."""

from __future__ import annotations

import json
import os
import select
from typing import TYPE_CHECKING

import pytest

from host import Host
from pyferry.spin import make_spin

if TYPE_CHECKING:
    from collections.abc import Callable


def make_clock(*, onward: Callable[[], None] = lambda: None) -> Callable[[], float]:
    """Give a clock that goes on by a second each time it is asked, and calls `onward` then."""
    seconds = 0

    def clock() -> float:
        nonlocal seconds
        seconds += 1
        onward()
        return seconds

    return clock


def test_it_ends_after_its_time(pipe: tuple[int, int]) -> None:
    """W-5: five seconds of its clock."""
    asked: list[None] = []
    make_spin(pipe[0], 5, make_clock(onward=lambda: asked.append(None)))()

    assert len(asked) == 6


def test_it_ends_as_soon_as_something_has_come(pipe: tuple[int, int]) -> None:
    """W-5: long before its time."""
    looks = iter(range(10))

    def write_at_third_look() -> None:
        if next(looks) == 3:
            os.write(pipe[1], b"x")

    make_spin(pipe[0], 1e9, make_clock(onward=write_at_third_look))()

    assert select.select([pipe[0]], [], [], 0)[0] == [pipe[0]]


def test_the_end_of_input_ends_it_too() -> None:
    """S-4: a worker that spins leaves with its host."""
    made = Host("fd")
    try:
        made.receive()
        made.send({"type": "accept", "protocol": 1, "spinUs": 1_000_000})
        code, _, _, stderr = made.finish()
    finally:
        made.stop()

    assert (code, stderr) == (0, "")


def test_a_reader_that_spins_leaves_the_interpreter_to_others() -> None:
    """W-5: calls on other threads go on, and one of them sees it spin."""
    made = Host("fd", threads=2)
    code = (
        "import sys, time\n"
        "def files(): return {f.f_code.co_filename[-7:] for f in sys._current_frames().values()}\n"
        "def watch():\n"
        "  while 'spin.py' not in files(): time.sleep(0.001)\n"
        "  return 'seen'\n"
    )
    try:
        made.receive()
        made.send({"type": "accept", "protocol": 1, "spinUs": 1_000_000})
        body = json.dumps([["define", "o1", {"code": code}], [1, "watch", []]]).encode()
        made.write(len(body).to_bytes(4, "big") + body)
        received: list[object] = []
        while [1, "seen"] not in received:
            frame = made.receive()
            assert isinstance(frame, list)
            received += frame
    finally:
        made.stop()


@pytest.mark.parametrize("spin", ["50", -1, 1_000_001, 1.5, True, 10**400])
def test_a_time_that_is_none_is_refused(spin: object) -> None:
    """W-2: as a malformed frame."""
    made = Host("fd")
    try:
        made.receive()
        made.send({"type": "accept", "protocol": 1, "spinUs": spin})
        error = made.receive()
        assert error is not None
        assert error["errorType"] == "MalformedFrameError"
        assert made.process.wait(60) == 1
    finally:
        made.stop()
