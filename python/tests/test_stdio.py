"""User code and the descriptors (contract V-17): whatever it does to them, the channel is whole."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from host import Host

PRINTING = """
import os, subprocess, sys
def speak():
    print('print')
    os.write(1, b'write\\n')
    subprocess.run(['echo', 'echo'], check=True)
    print('stderr', file=sys.stderr, flush=True)
"""


def test_our_own_host_s_user_code_has_stdout_for_itself(start: Callable[..., Host]) -> None:
    """V-17: and what is printed into a pipe arrives line by line, in order."""
    host = start("fd")
    host.define(PRINTING)
    host.call("speak")
    assert host.process.stdout is not None
    assert host.process.stdout.readline() == b"print\n"

    assert host.finish() == (0, [], "write\necho\n", "stderr\n")


def test_under_stdio_what_is_printed_goes_to_stderr(start: Callable[..., Host]) -> None:
    """V-17: the real stdout is the channel, and out of reach."""
    host = start("stdio")
    host.define(PRINTING)
    host.call("speak")

    code, messages, _, stderr = host.finish()

    assert (code, messages) == (0, [])
    assert stderr.splitlines() == ["print", "write", "echo", "stderr"]


def test_printing_while_the_sources_are_defined_breaks_nothing(
    start: Callable[..., Host], way: str
) -> None:
    """V-17: the descriptors have moved before anything of the user's is imported."""
    host = start(way)
    host.define("import os\nos.write(1, b'x' * 1000)\nos.read(0, 1000)\ndef f(): return 1")

    assert host.call("f") == 1


def test_input_finds_end_of_input(start: Callable[..., Host], way: str) -> None:
    """V-17: never the host's frames."""
    host = start(way)
    host.define("import sys\ndef ask(): return input()\ndef rest(): return sys.stdin.read()")

    assert host.failure("ask")["errorType"] == "EOFError"
    assert host.call("rest") == ""


@pytest.mark.parametrize(
    "code",
    [
        "for fd in range(3): os.close(fd)",
        "os.closerange(0, 64)",
        "sys.stdin = sys.stdout = sys.stderr = None",
        "sys.stdout.close(); sys.stderr.close()",
        "os.dup2(os.open(os.devnull, os.O_RDWR), 1); os.close(2)",
    ],
)
def test_losing_the_standard_streams_matters_to_nobody(
    start: Callable[..., Host], way: str, code: str
) -> None:
    """V-17: calls and a clean end go on."""
    host = start(way, stderr=subprocess.DEVNULL)
    host.define(f"import os, sys\ndef lose():\n    {code}\ndef f(value): return value")
    host.call("lose")

    assert host.call("f", "x" * 100_000) == "x" * 100_000
    assert host.finish()[0] == 0


def test_the_channel_is_not_inherited(start: Callable[..., Host], way: str) -> None:
    """V-17: a program that is started and outlives us holds nothing of ours open."""
    host = start(way)
    host.define(
        "import subprocess, sys\n"
        "CODE = 'import os; print(os.listdir(\"/proc/self/fd\"))'\n"
        "def inherited():\n"
        "    done = subprocess.run([sys.executable, '-c', CODE], close_fds=False, stdout=-1)\n"
        "    return eval(done.stdout)\n"
    )
    numbers = {int(number) for number in host.call("inherited")}

    # 3 is the folder that is being listed.
    assert numbers <= {0, 1, 2, 3}


def test_a_low_limit_of_open_files_is_no_obstacle(start: Callable[..., Host], way: str) -> None:
    """V-17: the descriptors then stay lower."""
    import resource

    host = start(way, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
    host.define("def f(): return 1")

    assert host.call("f") == 1
