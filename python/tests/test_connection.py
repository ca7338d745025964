"""What the worker does with each message, started either way (PROTOCOL.md; contract W-1, W-4)."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

import pytest

from host import Host

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Holder


def test_the_first_frame_is_ready_and_says_who_it_is(way: str) -> None:
    """W-1: once, unasked."""
    host = Host(way)
    try:
        ready = host.receive()
        assert ready is not None
        assert ready == {
            "type": "ready",
            "features": ["parts", "modules", "spread"],
            "pid": host.process.pid,
            "pythonVersion": ready["pythonVersion"],
            "implementation": "cpython",
            "protocol": 1,
        }
        assert len(ready["pythonVersion"].split(".")) == 3
        assert host.finish() == (0, [], "", "")
    finally:
        host.stop()


def test_a_call_passes_exactly_one_argument(start: Callable[..., Host], way: str) -> None:
    """V-6: the base protocol's form, `None` for null."""
    host = start(way)
    host.define("def kind(value): return [type(value).__name__, value]")
    for value in (None, {"a": [1, 2.5]}, [1], "ü😀", True, -0.5):
        host.send({"type": "call", "callID": "x", "func": "kind", "args": value})
        assert host.answer("x") == {
            "type": "call_done",
            "callID": "x",
            "ok": True,
            "result": [type(value).__name__, value],
        }


def test_spread_passes_positional_and_keyword_arguments(start: Callable[..., Host]) -> None:
    """V-6: bytes among them."""
    host = start()
    host.define("def f(*args, **kwargs): return [list(args), kwargs]")
    data = {"__bytes__": True, "b64": "AAEC"}

    assert host.call("f", 1, data, key=[data], other=None) == [
        [1, data],
        {"key": [data], "other": None},
    ]


def test_bytes_arrive_as_bytes(start: Callable[..., Host]) -> None:
    """D-5: also when the host escapes the mark's letters."""
    host = start()
    host.define("def f(value): return [type(value).__name__, len(value)]")
    body = b'{"type":"call","callID":"x","func":"f","args":{"\\u005f_bytes__":true,"b64":"AAEC"}}'
    host.write(len(body).to_bytes(4, "big") + body)

    assert host.answer("x")["result"] == ["bytes", 3]


def test_arguments_that_cannot_be_read_fail_that_call_only(start: Callable[..., Host]) -> None:
    """D-6: with their path; the function is not run."""
    host = start()
    host.define("def f(value): return value")

    failure = host.failure("f", x={"__bytes__": True, "b64": "?"})

    assert (
        failure["errorType"],
        failure["errorKind"],
        failure["errorPath"],
    ) == ("UnserializableError", "unserializable", "kwargs.x")
    assert host.call("f", 1) == 1


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("{'items': [0, 1, 2, {'model': object()}]}", "result.items[3].model"),
        ("float('nan')", "result"),
        ("2 ** 53", "result"),
        ("(each for each in ())", "result"),
        ("'\\ud800'", "result"),
    ],
)
def test_a_result_that_cannot_be_carried_fails_that_call_only(
    start: Callable[..., Host], code: str, path: str
) -> None:
    """D-6: and the worker lives."""
    host = start()
    host.define(f"def f(): return {code}\ndef ok(): return 1")

    failure = host.failure("f")

    assert ("UnserializableError", "unserializable", path) == (
        failure["errorType"],
        failure["errorKind"],
        failure["errorPath"],
    )
    assert host.call("ok") == 1


def test_a_result_over_the_limit_fails_that_call_only(start: Callable[..., Host]) -> None:
    """W-4: refused aloud, never cut; a failure that is too long is told in brief."""
    host = start(options=("--max-frame-bytes", "1000"))
    host.define("def f(n): return 'x' * n\ndef fail(n): raise ValueError('y' * n)")

    failure = host.failure("f", 1000)
    assert (
        failure["errorType"],
        failure["errorKind"],
        failure["errorLimit"],
    ) == ("FrameTooLargeError", "too-large", 1000)
    assert failure["errorSize"] > 1000
    failure = host.failure("fail", 5000)
    assert (failure["errorType"], failure["errorMessage"]) == ("ValueError", "y" * 200)
    assert host.call("f", 3) == "xxx"


def test_a_result_of_exactly_the_limit_is_sent(start: Callable[..., Host]) -> None:
    """W-4: the limit counts the body."""
    host = start(options=("--max-frame-bytes", "1000"))
    host.define("def f(n): return 'x' * n")
    around = len(
        json.dumps(
            {"type": "call_done", "callID": "c1", "ok": True, "result": ""}, separators=(",", ":")
        )
    )

    assert len(host.call("f", 1000 - around)) == 1000 - around


def test_a_large_value_goes_there_and_back(start: Callable[..., Host], way: str) -> None:
    """W-4: 8 MiB in either direction, in as many pieces as the pipe makes."""
    host = start(way)
    host.define("def f(value): return value")
    text = "ü" + "x" * (8 << 20)

    assert host.call("f", text) == text


def test_an_unknown_function_is_a_name_error(start: Callable[..., Host]) -> None:
    """V-6: with the closest existing names."""
    host = start()
    host.define("def add(a, b): return a + b")

    failure = host.failure("ad", 1, 2)

    assert (
        failure["errorType"],
        failure["errorQualname"],
        failure["errorKind"],
        failure["candidates"],
    ) == ("NameError", "NameError", "function-not-found", ["add"])
    assert "'ad'" in failure["errorMessage"]
    assert "pyferry" not in failure["traceback"]


def test_a_name_error_of_user_code_is_no_missing_function(start: Callable[..., Host]) -> None:
    """V-18: they differ by `errorKind`."""
    host = start()
    host.define("def f(): return missing")

    assert "errorKind" not in host.failure("f")


def test_a_coroutine_is_run_to_its_end(start: Callable[..., Host]) -> None:
    """V-6: `async def` needs nothing else."""
    host = start()
    host.define(
        "import asyncio\n"
        "async def f(x):\n"
        "    await asyncio.sleep(0)\n"
        "    return x\n"
        "async def bad(): raise KeyError('k')\n"
    )

    assert host.call("f", 4) == 4
    assert host.failure("bad")["errorType"] == "KeyError"


def test_a_ping_is_answered_while_a_call_runs(
    start: Callable[..., Host], way: str, holder: Holder
) -> None:
    """W-1: also with a single thread, and while a define runs."""
    host = start(way, pass_fds=holder.descriptors)
    host.define(holder.code)
    call = host.begin("hold", 7)
    holder.wait_until_held()
    host.send({"type": "ping"})
    assert host.receive() == {"type": "pong"}
    holder.release()
    assert host.answer(call)["result"] == 7

    host.send({"type": "define", "opID": "o", "code": "hold()"})
    holder.wait_until_held()
    host.send({"type": "ping"})
    assert host.receive() == {"type": "pong"}
    holder.release()
    assert host.receive() == {"type": "op_done", "opID": "o", "ok": True}


def test_an_unknown_type_is_answered_and_not_the_end(start: Callable[..., Host], way: str) -> None:
    """W-1: also one that only a worker sends."""
    host = start(way)
    for kind in ("subscribe", "ready", "call_done"):
        host.send({"type": kind})
        answer = host.receive()
        assert answer is not None
        assert (answer["type"], answer["errorType"]) == ("error", "UnknownMessageError")
        assert kind in answer["errorMessage"]
    host.send({"type": "ping", "unknown": [{}]})
    assert host.receive() == {"type": "pong"}


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def message(**fields: Any) -> bytes:
    return frame(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"\xff\xff\xff\xff", "FrameTooLargeError", id="4 GiB"),
        pytest.param(frame(b""), "MalformedFrameError", id="empty"),
        pytest.param(frame(b"[]"), "MalformedFrameError", id="array"),
        pytest.param(frame(b"\xff{}"), "MalformedFrameError", id="not UTF-8"),
        pytest.param(frame(b'{"type":"ping","x":NaN}'), "MalformedFrameError", id="NaN"),
        pytest.param(frame(b"[" * 100_000), "MalformedFrameError", id="unfinished"),
        pytest.param(frame(b"{"), "MalformedFrameError", id="unfinished object"),
        pytest.param(frame(b' {"type":"pi'), "MalformedFrameError", id="unfinished string"),
        pytest.param(
            frame(b'{"type":"call","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
            "MalformedFrameError",
            id="too deep",
        ),
        pytest.param(message(typo="ping"), "MalformedFrameError", id="no type"),
        pytest.param(
            message(type="call", callID=1, func="f", args=None),
            "MalformedFrameError",
            id="id number",
        ),
        pytest.param(
            message(type="call", callID="1", func="f"), "MalformedFrameError", id="no args"
        ),
        pytest.param(
            message(type="call", callID="1", func="f", args=1, spread=[]),
            "MalformedFrameError",
            id="spread list",
        ),
        pytest.param(message(type="define", opID="1"), "MalformedFrameError", id="no code"),
        pytest.param(
            message(type="define", opID="1", code="", parts=[{"name": "a"}]),
            "MalformedFrameError",
            id="part without code",
        ),
        pytest.param(
            message(type="define", opID="1", code="", expose="some"),
            "MalformedFrameError",
            id="expose",
        ),
    ],
)
def test_a_bad_frame_is_told_and_ends_the_worker_with_1(
    start: Callable[..., Host],
    data: bytes,
    error: str,
) -> None:
    """W-4: nothing after it is read."""
    host = start("stdio")
    host.write(data + message(type="ping"))

    code, messages, _, stderr = host.finish()

    assert code == 1
    assert [error] == [each["errorType"] for each in messages if each["type"] == "error"]
    assert len(messages) == 1
    assert stderr == ""


@pytest.mark.parametrize("length", [1, 6])
def test_the_end_inside_a_frame_is_told_and_ends_the_worker_with_1(
    start: Callable[..., Host], way: str, length: int
) -> None:
    """W-4: TruncatedFrameError."""
    host = start(way)
    host.write(message(type="ping")[:length])

    code, messages, _, _ = host.finish()

    assert (code, [each["errorType"] for each in messages]) == (1, ["TruncatedFrameError"])


def test_a_bad_frame_does_not_wait_for_what_runs(
    start: Callable[..., Host], holder: Holder
) -> None:
    """W-4: `failed`, not `draining`."""
    host = start(pass_fds=holder.descriptors)
    host.define(holder.code)
    host.begin("hold")
    holder.wait_until_held()
    host.write(frame(b"no"))

    code, messages, _, _ = host.finish()

    assert (code, [each["type"] for each in messages]) == (1, ["error"])


def test_an_id_in_flight_may_not_come_again(start: Callable[..., Host], holder: Holder) -> None:
    """W-1: but after its answer it may."""
    host = start(pass_fds=holder.descriptors)
    host.define(holder.code + "def f(value): return value")
    call = {"type": "call", "callID": "x", "func": "f", "args": 1}
    for _ in range(3):
        host.send(call)
        assert host.answer("x")["result"] == 1
    host.send({**call, "func": "hold"})
    holder.wait_until_held()
    host.send(call)

    code, messages, _, _ = host.finish()

    assert (code, [each["errorType"] for each in messages]) == (1, ["MalformedFrameError"])


UNTIL_UNREAD = """
import sys, time
def is_reading():
    for frame in sys._current_frames().values():
        while frame is not None:
            if frame.f_code.co_name == '_lead': return True
            frame = frame.f_back
    return False
def outlive_reading(value):
    while not is_reading(): time.sleep(0.001)
    print('reading', flush=True, file=sys.stderr)
    while is_reading(): time.sleep(0.001)
    return value
"""


def test_end_of_input_lets_what_runs_finish_and_exits_with_0(
    start: Callable[..., Host], way: str
) -> None:
    """W-1: what waits is answered to any host, and dropped by our own."""
    host = start(way)
    host.define(UNTIL_UNREAD + "def f(value): return value")
    running = host.begin("outlive_reading", "running")
    assert host.process.stderr is not None
    assert host.process.stderr.readline() == b"reading\n"
    waiting = host.begin("f", "waiting")
    host.send({"type": "ping"})
    assert host.receive() == {"type": "pong"}

    code, messages, _, _ = host.finish()

    expected = {running: "running", waiting: "waiting"} if way == "stdio" else {running: "running"}
    assert (0, expected) == (code, {each["callID"]: each["result"] for each in messages})


def test_a_host_that_is_gone_ends_the_worker_quietly(start: Callable[..., Host]) -> None:
    """V-17: an answer that nobody reads is no traceback on stderr."""
    host = start()
    host.define("def f(): return 'x' * 1000000")
    host.begin("f")
    os.close(host._read_end)
    code = host.process.wait(60)
    host._read_end = os.open(os.devnull, os.O_RDONLY)

    assert host.process.stderr is not None
    assert (code, host.process.stderr.read()) == (1, b"")


def test_a_host_that_writes_much_before_it_reads_is_no_deadlock(start: Callable[..., Host]) -> None:
    """W-1: reading goes on while a write is blocked."""
    host = start("stdio", threads=2)
    host.define("def f(value): return value")
    calls = [host.begin("f", "x" * 1000) for _ in range(2000)]

    assert {"x" * 1000} == {host.answer(call)["result"] for call in calls}


def test_big_integers_of_a_host_are_what_they_are(start: Callable[..., Host]) -> None:
    """D-6: only JavaScript cannot hold them."""
    host = start()
    host.define("def f(value): return str(value)")

    assert host.call("f", 2**200) == str(2**200)
    assert math.isclose(float(host.call("f", 1e300)), 1e300)


def test_a_define_counts_for_the_calls_after_it(start: Callable[..., Host]) -> None:
    """W-1: in stream order, with several threads too."""
    host = start(threads=4)
    messages: list[dict[str, Any]] = []
    for version in range(200):
        code = f"def f(_): return {version}"
        messages.append({"type": "define", "opID": f"o{version}", "code": code})
        messages.append({"type": "call", "callID": f"c{version}", "func": "f", "args": None})
        if version % 10 == 9:
            host.send(*messages)
            messages = []
            assert host.answer(f"c{version}")["result"] == version


def test_the_worker_keeps_going_when_a_failure_cannot_be_described(
    start: Callable[..., Host],
) -> None:
    """V-17: an exception whose every method raises."""
    host = start()
    host.define(
        "class Bad(Exception):\n"
        "    def __str__(self): raise KeyboardInterrupt\n"
        "    def __getattribute__(self, name): raise SystemExit(name)\n"
        "def f(): raise Bad\n"
        "def ok(): return 1\n"
    )

    assert host.failure("f")["errorType"] == "Bad"
    assert host.call("ok") == 1
