"""Who runs what: every call once, never more than N at a time, in order (contract V-2)."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Holder
    from host import Host

COUNTING = """
import random, threading, time
lock = threading.Lock()
running = most = 0
started = []
def work(number, seconds=0):
    global running, most
    with lock:
        running += 1
        most = max(most, running)
        started.append(number)
    try:
        if seconds: time.sleep(seconds)
        if number % 7 == 3: raise ValueError(number)
        return number
    finally:
        with lock:
            running -= 1
def report():
    return {'most': most, 'started': started, 'running': running}
"""


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_a_storm_of_calls_and_defines_is_answered_once_each(
    start: Callable[..., Host], threads: int
) -> None:
    """W-1: defines of every length among calls of every length, and nobody is forgotten."""
    host = start(threads=threads)
    host.define("import time")
    chance = random.Random(threads)
    messages = []
    for number in range(1500):
        seconds = chance.choice([0, 0, 0.0005, 0.003])
        if number % 5 == 0:
            code = f"time.sleep({seconds})\ndef f(_): time.sleep({seconds})"
            messages.append({"type": "define", "opID": f"{number}", "code": code})
        else:
            messages.append({"type": "call", "callID": f"{number}", "func": "f", "args": None})
    writer = threading.Thread(target=lambda: [host.send(message) for message in messages])
    writer.start()
    answers = [host.receive() or {} for _ in messages]
    writer.join()

    assert all(answer["ok"] for answer in answers)
    ids = {answer.get("opID", answer.get("callID")) for answer in answers}
    assert ids == {str(number) for number in range(1500)}


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("kind", ["quick", "mixed"])
def test_a_storm_of_calls_is_answered_once_each(
    start: Callable[..., Host], threads: int, kind: str
) -> None:
    """V-14: exactly one answer for every id, never more than N at once, started as they came."""
    host = start(threads=threads)
    host.define(COUNTING)
    count = 10_000 if kind == "quick" else 1_500
    chance = random.Random(threads)
    seconds = [chance.choice([0, 0, 0.0005, 0.003]) if kind == "mixed" else 0 for _ in range(count)]
    calls: dict[str, int] = {}

    def write() -> None:
        for number in range(count):
            calls[host.begin("work", number, seconds[number])] = number

    writer = threading.Thread(target=write)
    writer.start()
    answers = [host.receive() for _ in range(count)]
    writer.join()

    for answer in answers:
        assert answer is not None
        number = calls.pop(answer["callID"])
        assert answer["ok"] is (number % 7 != 3)
        assert answer.get("result", number) == number
    assert calls == {}
    report = host.call("report")
    assert report["running"] == 0
    assert 1 <= report["most"] <= threads
    if threads == 1:
        assert list(range(count)) == report["started"]
    assert sorted(report["started"]) == list(range(count))


def test_n_calls_run_at_once_and_no_more(start: Callable[..., Host], holder: Holder) -> None:
    """V-2: the rest waits inside the worker, first come, first served."""
    host = start(threads=3, pass_fds=holder.descriptors)
    host.define(holder.code + "import threading\ndef where(): return threading.get_ident()")
    held = [host.begin("hold", number) for number in range(3)]
    holder.wait_until_held(3)
    waiting = [host.begin("hold", number) for number in range(3, 6)]
    host.send({"type": "ping"})
    assert host.receive() == {"type": "pong"}
    holder.release(6)
    holder.wait_until_held(3)

    assert list(range(6)) == [host.answer(call)["result"] for call in held + waiting]


def test_threads_are_bounded_and_reused(start: Callable[..., Host], holder: Holder) -> None:
    """V-2: N calls, one that defines, one that reads, and the monitor."""
    host = start(threads=4, pass_fds=holder.descriptors)
    host.define(holder.code + "import sys\ndef threads(): return len(sys._current_frames())")
    for _ in range(5):
        held = [host.begin("hold") for _ in range(4)]
        holder.wait_until_held(4)
        holder.release(4)
        for call in held:
            host.answer(call)

    assert host.call("threads") <= 4 + 2 + 1


def test_with_one_thread_a_call_after_a_long_one_runs_on_the_main_thread(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-17: signals and GUIs work only there; a long call has moved the reading away."""
    host = start(pass_fds=holder.descriptors)
    host.define(
        holder.code + "import threading\n"
        "def f(): return threading.current_thread() is threading.main_thread()\n"
    )
    for _ in range(20):
        held = host.begin("hold")
        holder.wait_until_held()
        host.send({"type": "ping"})
        assert host.receive() == {"type": "pong"}
        holder.release()
        assert host.answer(held)["ok"]
        assert host.call("f")


def test_with_one_thread_every_call_runs_on_the_main_thread(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-17: also those that waited behind a long one."""
    host = start(pass_fds=holder.descriptors)
    host.define(
        holder.code + "import threading\n"
        "def f(): return threading.current_thread() is threading.main_thread()\n"
    )
    held = host.begin("hold")
    holder.wait_until_held()
    calls = [host.begin("f") for _ in range(100)]
    holder.release()

    assert host.answer(held)["ok"]
    assert all(host.answer(call)["result"] for call in calls)


def test_threading_knows_the_main_thread_wherever_it_is_first_imported(
    start: Callable[..., Host], holder: Holder
) -> None:
    """K-4: before 3.13 `threading` takes its first importer for it."""
    host = start(threads=2, pass_fds=holder.descriptors)
    host.define(
        holder.code
        + "def f():\n"
        + "    import threading\n"
        + "    return threading.current_thread() is threading.main_thread()"
    )
    held = host.begin("hold")
    holder.wait_until_held()

    assert host.call("f") is False
    holder.release()
    host.answer(held)


def test_a_quick_answer_does_not_wait_for_a_long_call_behind_it(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-9: answers that share a write are written when the next call turns out long."""
    host = start(pass_fds=holder.descriptors)
    host.define(holder.code + "def quick(value): return value")
    host.send(
        {"type": "call", "callID": "a", "func": "quick", "args": 1},
        {"type": "call", "callID": "b", "func": "hold", "args": 2},
        {"type": "call", "callID": "c", "func": "quick", "args": 3},
    )

    assert host.answer("a")["result"] == 1
    holder.wait_until_held()
    holder.release()
    assert (host.answer("b")["result"], host.answer("c")["result"]) == (2, 3)


def test_a_define_does_not_wait_for_long_calls(start: Callable[..., Host], holder: Holder) -> None:
    """W-1: defines at once, ahead of the calls that wait for a slot."""
    host = start(pass_fds=holder.descriptors)
    host.define(holder.code)
    held = host.begin("hold")
    holder.wait_until_held()
    waiting = host.begin("f")

    host.define("def f(): return 'defined meanwhile'")
    holder.release()

    assert host.answer(waiting)["result"] == "defined meanwhile"
    assert host.answer(held)["ok"]


def test_calls_that_waited_for_a_define_run_at_once_afterwards(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-2: as many as there are threads, though only one thread has run the define."""
    host = start(threads=3, pass_fds=holder.descriptors)
    host.define(holder.code)
    host.send({"type": "define", "opID": "o", "code": "hold()"})
    holder.wait_until_held()
    calls = [host.begin("hold", number) for number in range(3)]
    host.send({"type": "ping"})
    assert host.receive() == {"type": "pong"}
    holder.release()
    holder.wait_until_held(3)
    holder.release(3)

    assert [host.answer(call)["result"] for call in calls] == [0, 1, 2]


def test_pings_are_answered_in_a_storm(start: Callable[..., Host]) -> None:
    """S-3: the channel is not stuck while calls run on every thread."""
    host = start(threads=2)
    host.define(COUNTING)
    pongs = 0
    calls = []
    for number in range(200):
        calls.append(host.begin("work", 7 * number, 0.002))
        host.send({"type": "ping"})
    while calls or pongs < 200:
        answer = host.receive()
        assert answer is not None
        if answer["type"] == "pong":
            pongs += 1
        else:
            calls.remove(answer["callID"])

    assert pongs == 200
