"""Exceptions of every kind and signals, during calls and between them (contract V-17)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Holder
    from host import Host


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("sys.exit(3)", "SystemExit"),
        ("exit()", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise type('Own', (BaseException,), {})", "Own"),
        ("f()", "RecursionError"),
        ("raise MemoryError", "MemoryError"),
        ("return bytearray(1 << 60)", "MemoryError"),
        ("raise StopIteration", "StopIteration"),
    ],
)
def test_any_exception_fails_that_call_only(
    start: Callable[..., Host], way: str, code: str, error: str
) -> None:
    """V-17: the worker lives, with the same process and the same state."""
    host = start(way)
    host.define(f"import sys\ndef f(): {code}\ndef ok(): return 1")

    assert host.failure("f")["errorType"] == error
    assert host.call("ok") == 1


def test_an_interrupt_during_a_call_fails_that_call(start: Callable[..., Host]) -> None:
    """V-17: on the main thread, where Python delivers it."""
    host = start()
    host.define(
        "import sys, time\n"
        "def f():\n"
        "    print('running', flush=True)\n"
        "    while True: time.sleep(60)\n"
        "def ok(): return 1\n"
    )
    call = host.begin("f")
    assert host.process.stdout is not None
    assert host.process.stdout.readline() == b"running\n"
    host.process.send_signal(signal.SIGINT)

    assert host.answer(call)["errorType"] == "KeyboardInterrupt"
    assert host.call("ok") == 1


def test_an_interrupt_between_calls_means_nothing(start: Callable[..., Host], way: str) -> None:
    """V-17: while reading; nothing is printed either."""
    host = start(way)
    host.define("def ok(): return 1")
    for _ in range(20):
        host.process.send_signal(signal.SIGINT)
        assert host.call("ok") == 1

    assert host.finish() == (0, [], "", "")


def test_an_interrupt_while_the_main_thread_is_spare_means_nothing(
    start: Callable[..., Host], holder: Holder
) -> None:
    """V-17: another thread reads then."""
    host = start(threads=2, pass_fds=holder.descriptors)
    host.define(holder.code)
    for _ in range(10):
        held = [host.begin("hold"), host.begin("hold")]
        holder.wait_until_held(2)
        holder.release(2)
        for call in held:
            host.answer(call)
        host.process.send_signal(signal.SIGINT)
        host.send({"type": "ping"})
        assert host.receive() == {"type": "pong"}

    assert host.finish() == (0, [], "", "")


def test_a_handler_of_the_user_s_that_raises_while_we_wait_does_not_end_the_worker(
    start: Callable[..., Host],
) -> None:
    """V-17: it belongs to no call, and is reported on stderr."""
    host = start()
    host.define(
        "import os, signal, sys, threading, time\n"
        "def handler(number, frame): raise TimeoutError('too late')\n"
        "signal.signal(signal.SIGUSR1, handler)\n"
        "def signal_later():\n"
        "    main = threading.main_thread().ident\n"
        "    def wait():\n"
        "        idle = ('read', 'park')\n"
        "        while sys._current_frames()[main].f_code.co_name not in idle: time.sleep(0.001)\n"
        "        os.kill(os.getpid(), signal.SIGUSR1)\n"
        "    threading.Thread(target=wait).start()\n"
        "def ok(): return 1\n"
    )
    host.call("signal_later")
    assert host.process.stderr is not None
    lines = iter(host.process.stderr.readline, b"")
    assert b"TimeoutError: too late\n" in lines

    assert host.call("ok") == 1
