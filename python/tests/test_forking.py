"""Forks and other processes inside a call (contract V-17)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from host import Host


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("return 'child'", 0),
        ("raise ValueError('child')", 1),
        ("sys.exit()", 0),
        ("sys.exit(7)", 7),
        ("sys.exit('words')", 1),
        ("return object()", 0),
        ("os.write(channel, b'garbage')\n        return", 0),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_never_speaks_and_exits_when_the_function_ends(
    start: Callable[..., Host], way: str, end: str, status: int
) -> None:
    """V-17: the host hears of the parent only; what the child printed is written out."""
    host = start(way, threads=2)
    host.define(
        "import os, sys\n"
        "channel = max(int(fd) for fd in os.listdir('/proc/self/fd'))\n"
        "def fork():\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        sys.stdout.write('from the child')\n"
        f"        {end}\n"
        "    return os.waitpid(child, 0)[1]\n"
    )
    for _ in range(3):
        assert host.call("fork") == status << 8

    code, messages, stdout, stderr = host.finish()
    assert (code, messages) == (0, [])
    assert (stdout + stderr).count("from the child") == 3


def test_a_child_that_outlives_the_call_does_not_hold_the_channel(
    start: Callable[..., Host], way: str
) -> None:
    """V-14: the stream ends with the worker, not with its children."""
    host = start(way)
    host.define(
        "import os, signal\n"
        "def fork():\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        for fd in range(3): os.close(fd)\n"
        "        signal.pause()\n"
        "    return child\n"
    )
    child = host.call("fork")
    try:
        host.end_input()
        assert host.receive() is None
        assert host.process.wait(60) == 0
    finally:
        import os

        os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing_works_inside_a_call(
    start: Callable[..., Host], way: str, method: str, tmp_path: pathlib.Path
) -> None:
    """V-17: with functions of an importable module, also one that imports `pyferry`."""
    (tmp_path / "mp_tools.py").write_text(
        "import multiprocessing\n"
        "import pyferry\n"
        "def square(x): return x * x\n"
        "@pyferry.expose\n"
        "def squares(method, numbers):\n"
        "    with multiprocessing.get_context(method).Pool(2) as pool:\n"
        "        return pool.map(square, numbers)\n"
    )
    host = start(way, threads=2)
    host.define(modules=["mp_tools"], importPaths=[str(tmp_path)])

    assert host.call("mp_tools.squares", method, [1, 2, 3]) == [1, 4, 9]
    assert host.finish()[:2] == (0, [])


@pytest.mark.parametrize(("code", "status"), [("os._exit(3)", 3), ("os.abort()", -signal.SIGABRT)])
def test_a_process_that_ends_itself_leaves_whole_frames(
    start: Callable[..., Host], way: str, code: str, status: int
) -> None:
    """V-17: the answers before it were written, and no broken one follows."""
    host = start(way)
    host.define(f"import os\ndef end(): {code}\ndef f(): return 'x' * 10000")
    for _ in range(20):
        host.call("f")
    host.begin("end")

    assert host.receive() is None
    assert host.process.wait(60) == status
