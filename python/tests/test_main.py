"""The worker's life, from its command line to its exit (contract V-17, S-4, K-4)."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from host import PYTHON, SOURCES, Host

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Holder


def test_a_bad_command_line_exits_with_2() -> None:
    """W-1: with a word on stderr, and nothing on stdout."""
    for line in (["--stido"], ["--fd-in", "77", "--fd-out", "78", "--max-workers", "1"]):
        done = subprocess.run(
            [PYTHON, os.path.join(SOURCES, "boot.py"), *line],
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"pyferry: ")


def test_user_code_finds_an_ordinary_process(start: Callable[..., Host], way: str) -> None:
    """V-17: arguments, the import path, the main module."""
    host = start(way)
    host.define(
        "import os, sys\n"
        "def argv(): return sys.argv\n"
        "def path(): return sys.path\n"
        "def main(): return sys.modules['__main__'].__name__\n"
        "def version():\n"
        "    import pyferry\n"
        "    return pyferry.__version__\n"
    )

    assert host.call("argv") == [""]
    assert host.call("main") == "__main__"
    assert host.call("version")
    if way == "fd":
        assert SOURCES not in host.call("path")


def test_the_environment_s_packages_are_found(tmp_path: pathlib.Path) -> None:
    """S-4: of a virtual environment without pip, under -I -S."""
    environment = tmp_path / "environment"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(environment)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "found.py").write_text("def f(): return 'found'\n")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "editable.py").write_text("def f(): return 'linked'\n")
    (packages / "editable.pth").write_text(str(tmp_path / "linked"))
    host = Host("fd", python=str(environment / "bin" / "python"))
    try:
        ready = host.receive()
        assert ready is not None
        host.define("import sys\ndef prefix(): return sys.prefix", modules=["found", "editable"])

        assert host.call("found.f") == "found"
        assert host.call("editable.f") == "linked"
        assert host.call("prefix") == str(environment)
        assert host.finish()[0] == 0
    finally:
        host.stop()


def test_nothing_of_the_environment_runs_before_the_descriptors_are_safe(
    tmp_path: pathlib.Path,
) -> None:
    """V-17: a `sitecustomize` or `.pth` file that prints breaks nothing."""
    environment = tmp_path / "environment"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(environment)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "noise.pth").write_text("import os; os.write(1, b'noise\\n'); os.read(0, 1)\n")
    host = Host("fd", python=str(environment / "bin" / "python"))
    try:
        assert host.receive() is not None
        host.define("def f(): return 1")
        assert host.call("f") == 1
        code, messages, stdout, stderr = host.finish()
        # Some versions of `site` run the files of a virtual environment twice.
        assert (0, [], {"noise"}, "") == (code, messages, set(stdout.split()), stderr)
    finally:
        host.stop()


def test_a_start_imports_next_to_nothing(start: Callable[..., Host]) -> None:
    """S-4: each of these costs milliseconds, and a start is to cost what Python's own does."""
    host = start()
    host.define("import sys\ndef imported(): return sorted(sys.modules)")
    imported = set(host.call("imported"))

    dear = {"argparse", "asyncio", "dataclasses", "enum", "inspect", "json", "linecache", "queue"}
    dear |= {"re", "signal", "socket", "subprocess", "traceback", "typing", "base64", "difflib"}
    if not {name for name in imported if name.startswith(("_virtualenv", "__editable__"))}:
        assert set() == imported & dear
    assert "pyferry.executor" in imported


def test_exit_handlers_run_and_threads_left_behind_do_not_matter(
    start: Callable[..., Host], way: str, holder: Holder
) -> None:
    """V-17: the end of input ends the worker."""
    host = start(way, pass_fds=holder.descriptors)
    host.define(
        holder.code + "import atexit, sys, threading\n"
        "def leave():\n"
        "    threading.Thread(target=hold).start()\n"
        "    atexit.register(lambda: sys.stdout.write('at exit, not flushed'))\n"
    )
    host.call("leave")
    holder.wait_until_held()

    code, messages, stdout, stderr = host.finish()

    assert (code, messages) == (0, [])
    assert stdout + stderr == "at exit, not flushed"


def test_the_end_of_input_ends_it_whichever_thread_reads(
    start: Callable[..., Host], way: str, holder: Holder
) -> None:
    """V-17: it is the main thread that leaves."""
    host = start(way, threads=3, pass_fds=holder.descriptors)
    host.define(
        holder.code + "import atexit, sys, threading\n"
        "def leave():\n"
        "    main = threading.main_thread()\n"
        "    def at_exit(): sys.stderr.write(str(threading.current_thread() is main))\n"
        "    atexit.register(at_exit)\n"
    )
    host.call("leave")
    for _ in range(5):
        held = [host.begin("hold") for _ in range(3)]
        holder.wait_until_held(3)
        holder.release(3)
        for call in held:
            host.answer(call)

    code, messages, _, stderr = host.finish()
    assert (code, messages, stderr) == (0, [], "True")


def test_boot_runs_from_a_folder_of_its_own_name(tmp_path: pathlib.Path) -> None:
    """K-4: where the host has written it, odd letters and all, compiled beside it."""
    folder = tmp_path / "a folder ü"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    host = Host("fd", sources=str(folder))
    try:
        ready = host.receive()
        assert ready is not None
        host.define("def f(): return 1")
        assert host.call("f") == 1
        assert host.finish()[0] == 0
    finally:
        host.stop()
    assert list((folder / "pyferry" / "__pycache__").glob("executor.*.pyc"))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_any_shell_can_be_a_host() -> None:
    """W-1: the frames of a host that writes everything and then closes."""
    messages = [
        {"type": "define", "opID": "1", "code": "def add(v): return v['a'] + v['b']"},
        {"type": "call", "callID": "2", "func": "add", "args": {"a": 3, "b": 4}},
        {"type": "ping"},
    ]
    bodies = [json.dumps(message).encode() for message in messages]
    done = subprocess.run(
        [PYTHON, "-m", "pyferry", "--stdio", "--max-workers", "1"],
        input=b"".join(len(body).to_bytes(4, "big") + body for body in bodies),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SOURCES},
        check=True,
    )
    kinds = []
    data = done.stdout
    while data:
        size = int.from_bytes(data[:4], "big")
        message = json.loads(data[4 : 4 + size])
        kinds.append(message["type"])
        if message["type"] == "call_done":
            assert message["result"] == 7
        data = data[4 + size :]
    assert sorted(kinds) == ["call_done", "op_done", "pong", "ready"]
