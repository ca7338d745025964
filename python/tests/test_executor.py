"""Who runs what: every call once, never more than N at a time, in order (contract V-2)."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pyferry import executor
from pyferry.messages import Call

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


def test_the_main_thread_finds_itself_when_another_has_imported_threading(
    start: Callable[..., Host], holder: Holder
) -> None:
    """K-4: which the first one does that reads on while the main thread is busy."""
    host = start(pass_fds=holder.descriptors)
    host.define(
        holder.code + "def f():\n"
        "    import threading\n"
        "    main = threading.main_thread()\n"
        "    return {\n"
        "        'is this one': main is threading.current_thread(),\n"
        "        'ident': main.ident == threading.get_ident(),\n"
        "        'native': main.native_id == threading.get_native_id(),\n"
        "        'lives': main.is_alive(),\n"
        "        'all': [thread.name for thread in threading.enumerate()],\n"
        "    }"
    )
    held = host.begin("hold")
    holder.wait_until_held()
    host.send({"type": "ping"})
    assert host.receive() == {"type": "pong"}
    holder.release()
    host.answer(held)

    assert host.call("f") == {
        "is this one": True,
        "ident": True,
        "native": True,
        "lives": True,
        "all": ["MainThread"],
    }


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


WHERE = """
import threading, time
def is_main(): return threading.current_thread() is threading.main_thread()
def slow(seconds=0.002):
    time.sleep(seconds)
    return is_main()
"""


def test_slow_functions_leave_the_reading_thread_to_quick_ones(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-2: the first time nobody knows; from then on they run elsewhere."""
    host = start(threads=8, pass_fds=holder.descriptors)
    host.define(holder.code + WHERE + "def slow_hold():\n  slow()\n  hold()\n  return is_main()")
    first = host.begin("slow_hold")
    holder.wait_until_held()
    holder.release()
    assert host.answer(first)["result"] is True
    # Brings the lead back to the main thread.
    host.call("is_main")

    held = [host.begin("slow_hold") for _ in range(4)]
    quick = [host.call("is_main") for _ in range(200)]
    holder.wait_until_held(4)
    holder.release(4)

    # One that has to wait for the processor, on a busy machine, counts as slow for a while.
    assert any(quick)
    assert [host.answer(call)["result"] for call in held] == [False] * 4


def test_a_slow_call_may_wait_for_a_small_one_behind_it_in_the_same_frame(
    start: Callable[..., Host],
) -> None:
    """V-2: known as slow or not."""
    host = start(threads=2)
    host.define(
        "import threading\nevent = threading.Event()\n"
        "def wait(_):\n  event.wait()\n  event.clear()\n"
        "def wake(_): event.set()"
    )
    for number in range(20):
        ids = {name: f"{name}{number}" for name in ("wait", "wake")}
        host.send(
            *({"type": "call", "callID": ids[name], "func": name, "args": None} for name in ids)
        )
        assert all(host.answer(call)["ok"] for call in ids.values())


def test_a_function_that_has_become_quick_returns_to_the_reading_thread(
    start: Callable[..., Host],
) -> None:
    """V-2: what is slow is learned anew."""
    host = start(threads=4)
    host.define(WHERE)
    host.call("slow")
    host.call("is_main")
    assert host.call("slow") is False

    calls = 1
    while not host.call("slow", 0):
        calls += 1
        assert calls < 1000


def test_no_more_slow_calls_run_at_once_than_there_are_threads(start: Callable[..., Host]) -> None:
    """V-2: also those that are passed on; quick ones among them wait in their turn."""
    host = start(threads=3)
    host.define(COUNTING + "def long(number): return work(number, 0.002)")
    host.call("long", 0)
    calls = [host.begin("work" if number % 5 == 0 else "long", number) for number in range(300)]
    for call in calls:
        host.answer(call)

    report = host.call("report")
    assert (report["most"], report["running"]) == (3, 0)
    assert sorted(report["started"]) == sorted([0, *range(300)])


FOR_MAIN = """
import pyferry
@pyferry.main_thread
def drawn(value=None): return is_main()
"""


def test_a_function_can_ask_for_the_main_thread(start: Callable[..., Host], holder: Holder) -> None:
    """V-2: it waits for it, while others get on."""
    host = start(threads=3, pass_fds=holder.descriptors)
    host.define(holder.code + WHERE + FOR_MAIN + "hold_main = pyferry.main_thread(lambda: hold())")
    held = host.begin("hold_main")
    holder.wait_until_held()
    waiting = [host.begin("drawn") for _ in range(3)]
    assert [host.call("is_main") for _ in range(100)] == [False] * 100
    holder.release()

    assert host.answer(held)["ok"]
    assert [host.answer(call)["result"] for call in waiting] == [True] * 3


def test_a_call_for_the_main_thread_finds_it_when_a_slot_becomes_free(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-2: the main thread cannot be woken from its read, so it does not read meanwhile."""
    host = start(threads=2, pass_fds=holder.descriptors)
    host.define(
        holder.code + WHERE + FOR_MAIN + "def slow_hold(wait):\n  slow()\n  if wait: hold()"
    )
    host.call("slow_hold", False)
    host.call("is_main")
    held = [host.begin("slow_hold", True) for _ in range(2)]
    holder.wait_until_held(2)
    waiting = host.begin("drawn")
    host.send({"type": "ping"})
    assert host.receive() == {"type": "pong"}
    holder.release()

    assert host.answer(waiting)["result"] is True
    holder.release()
    assert all(host.answer(call)["ok"] for call in held)


def test_a_call_that_waits_for_its_define_asks_for_the_main_thread_too(
    start: Callable[..., Host], holder: Holder
) -> None:
    """W-1: a host need not wait for one before it sends the other."""
    host = start(threads=2, pass_fds=holder.descriptors)
    host.define(holder.code + WHERE)
    for number in range(20):
        # The main thread is busy, so that another one defines, and goes on to the call.
        held = host.begin("hold")
        holder.wait_until_held()
        host.send(
            {"type": "define", "opID": f"d{number}", "code": FOR_MAIN},
            {"type": "call", "callID": f"m{number}", "func": "drawn", "args": None},
        )
        assert host.receive_until(type="op_done", opID=f"d{number}")["ok"]
        holder.release()
        assert host.answer(f"m{number}")["result"] is True
        assert host.answer(held)["ok"]


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_a_storm_of_calls_for_every_thread_is_answered_once_each(
    start: Callable[..., Host], threads: int
) -> None:
    """V-2: quick ones, slow ones, those for the main thread, and defines."""
    host = start(threads=threads)
    host.define(COUNTING + WHERE + FOR_MAIN + "def long(number): return work(number, 0.001)")
    host.define("marked = pyferry.main_thread(lambda number: [work(7 * number), is_main()][1])")
    host.define("slow_marked = pyferry.main_thread(lambda _: slow(0.001))")
    chance = random.Random(threads)
    ids: list[str] = []

    def write() -> None:
        for number in range(2000):
            if number % 50 == 0:
                code = f"time.sleep({chance.choice([0, 0.002])})"
                host.send({"type": "define", "opID": f"o{number}", "code": code})
            name = chance.choice(["work", "work", "work", "long", "marked", "slow_marked"])
            ids.append(host.begin(name, 7 * number))

    writer = threading.Thread(target=write)
    writer.start()
    answers = [host.receive() or {} for _ in range(2000 + 40)]
    writer.join()

    assert all(answer["ok"] for answer in answers)
    done = {answer["callID"]: answer["result"] for answer in answers if "callID" in answer}
    assert sorted(done) == sorted(ids)
    # `work` and `long` return their number, the marked ones whether they were on the main thread.
    assert False not in [result for result in done.values() if isinstance(result, bool)]
    assert 1 <= host.call("report")["most"] <= threads


def test_with_one_thread_a_call_that_waited_for_a_define_runs_on_the_main_thread(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-17: also when the define runs on another one and the main thread was reading."""
    host = start(pass_fds=holder.descriptors)
    host.define(holder.code + WHERE)
    for number in range(20):
        held = host.begin("hold")
        holder.wait_until_held()
        host.send({"type": "define", "opID": f"d{number}", "code": "hold()"})
        holder.wait_until_held()
        # One of the two goes on: the call, whose thread then reads, or the define.
        holder.release()
        waiting = host.begin("is_main")
        holder.release()
        assert host.answer(waiting)["result"] is True
        assert host.answer(held)["ok"]
        assert host.receive_until(type="op_done", opID=f"d{number}")["ok"]


class Frame:
    """The work of one frame of calls; notes how many answers each flush writes."""

    has_input = False

    def __init__(self, calls: int, *, has_waited: bool) -> None:
        self.has_waited = has_waited
        self.frames: list[int] = []
        self._calls = [Call(number, "f", []) for number in range(calls)]
        self._answers = 0

    @property
    def has_answers(self) -> bool:
        return self._answers > 0

    def next_tasks(self) -> list[Any] | None:
        calls, self._calls = self._calls, []
        return calls or None

    def read(self) -> bool:
        return False

    def needs_main(self, _call: object) -> bool:
        return False

    def run(self, _task: object) -> None:
        self._answers += 1

    def flush(self) -> None:
        if self._answers:
            self.frames.append(self._answers)
        self._answers = 0


@pytest.mark.parametrize(
    ("calls", "has_waited", "frames"),
    [
        (64, True, [33, 31]),
        (48, True, [25, 23]),
        (64, False, [64]),
        (47, True, [47]),
        (1, True, [1]),
    ],
)
def test_half_of_many_calls_that_were_waited_for_is_answered_first(
    monkeypatch: pytest.MonkeyPatch, calls: int, has_waited: bool, frames: list[int]
) -> None:
    """The host goes on with it while the rest runs (performance.md)."""
    # What takes long is answered sooner, on a machine that is out of breath.
    monkeypatch.setattr(executor, "FLUSH_AFTER_SECONDS", float("inf"))
    # A thread that would outlive the test.
    monkeypatch.setattr(executor.Monitor, "start", lambda _monitor: None)
    work = Frame(calls, has_waited=has_waited)
    executor.Executor(work, 1, drops_waiting=True).serve()
    assert work.frames == frames
