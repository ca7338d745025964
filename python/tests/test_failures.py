"""Exceptions as the host gets them (contract V-18)."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyferry.errors import FrameTooLargeError, FunctionNotFoundError, UnserializableError
from pyferry.failures import MAX_CAUSES, MAX_TRACEBACK_CHARACTERS, describe_failure
from pyferry.jsontext import write_json

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from host import Host


def test_a_traceback_is_what_python_prints_without_our_frames(
    start: Callable[..., Host], way: str, tmp_path: pathlib.Path
) -> None:
    """V-18: the same program run by Python itself prints the same."""
    service = (
        "class Oops(Exception): ...\n"
        "def inner(x):\n"
        "    return 1 / x\n"
        "def outer():\n"
        "    try:\n"
        "        inner(0)\n"
        "    except ZeroDivisionError as error:\n"
        "        raise Oops('no') from error\n"
    )
    path = tmp_path / "service.py"
    path.write_text(service)
    program = (
        f"import sys; namespace = {{'__name__': '__sources__'}}\n"
        f"exec(compile({service!r}, {str(path)!r}, 'exec'), namespace)\n"
        "import traceback\n"
        "try: namespace['outer']()\n"
        "except Exception as error:\n"
        "    trace = error.__traceback__.tb_next\n"
        "    sys.stdout.write(''.join(traceback.format_exception(type(error), error, trace)))\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], stdout=-1, check=True).stdout.decode()
    host = start(way)
    # Not at its path: the lines must come from the text that was sent.
    path.unlink()
    host.define(parts=[{"name": str(path), "code": service}])

    failure = host.failure("outer")

    assert printed == failure["traceback"]
    assert (
        failure["errorType"],
        failure["errorQualname"],
        failure["errorMessage"],
    ) == ("Oops", "Oops", "no")
    cause = failure["errorCause"]
    assert (
        cause["errorType"],
        cause["errorQualname"],
    ) == ("ZeroDivisionError", "ZeroDivisionError")
    assert cause["traceback"].startswith("Traceback")
    assert "inner" in cause["traceback"]
    assert "outer" in cause["traceback"]


def test_each_source_shows_its_own_lines(start: Callable[..., Host]) -> None:
    """V-18: also the second of two, and after it was defined anew."""
    host = start()
    host.define(
        parts=[
            {"name": "<sources[0]>", "code": "def a():\n    b()  # line of a"},
            {"name": "b.py", "code": "\n\ndef b():\n    raise KeyError('k')  # line of b"},
        ]
    )
    trace = host.failure("a")["traceback"]
    assert '  File "<sources[0]>", line 2, in a\n    b()  # line of a\n' in trace
    assert "  File \"b.py\", line 4, in b\n    raise KeyError('k')  # line of b\n" in trace

    host.define(
        parts=[{"name": "b.py", "code": "def b():\n    raise KeyError('k')  # new line of b"}]
    )
    assert "# new line of b" in host.failure("a")["traceback"]


def test_an_error_while_defining_is_reported_like_one_in_a_call(start: Callable[..., Host]) -> None:
    """V-4: the file, the line, and no frame of ours."""
    host = start()
    failure = host.try_define(parts=[{"name": "a.py", "code": "x = 1\ndef f():\n    return ]\n"}])
    assert failure["errorType"] == "SyntaxError"
    assert "(a.py, line 3)" in failure["errorMessage"]
    assert 'File "a.py", line 3\n' in failure["traceback"]
    assert "return ]" in failure["traceback"]

    failure = host.try_define(parts=[{"name": "a.py", "code": "x = 1\nx / 0"}])
    assert failure["traceback"].startswith(
        'Traceback (most recent call last):\n  File "a.py", line 2, in <module>\n    x / 0'
    )

    failure = host.try_define(modules=["no_such_module"])
    assert failure["errorType"] == "ModuleNotFoundError"
    assert failure["traceback"].endswith("ModuleNotFoundError: No module named 'no_such_module'\n")
    assert "File" not in failure["traceback"]


def test_an_error_in_a_file_module_is_named_by_its_base(
    start: Callable[..., Host], tmp_path: pathlib.Path
) -> None:
    """V-18: `module.Qualname` outside built-ins and sources."""
    (tmp_path / "shop.py").write_text(
        "class Cart:\n"
        "    class Empty(Exception): ...\n"
        "def pay(): raise Cart.Empty('nothing')\n"
        "import json\n"
        "def parse(): json.loads('{')\n"
    )
    host = start()
    host.define(modules=[str(tmp_path / "shop.py")])

    failure = host.failure("shop.pay")
    assert (failure["errorType"], failure["errorQualname"]) == ("Empty", "shop.Cart.Empty")
    assert "def pay(): raise Cart.Empty('nothing')" in failure["traceback"]
    failure = host.failure("parse")
    assert (
        failure["errorType"],
        failure["errorQualname"],
    ) == ("JSONDecodeError", "json.decoder.JSONDecodeError")


def caught(raise_it: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as info:  # noqa: PT011 - any, by the test's choice
        raise_it()
    return info.value


def test_notes_are_carried(start: Callable[..., Host]) -> None:
    """V-18: PEP 678, on a Python that knows it only as an attribute too."""
    host = start()
    host.define(
        "def f():\n"
        "    error = ValueError('x')\n"
        "    error.__notes__ = ['one', 2, 'two']\n"
        "    raise error\n"
    )

    assert host.failure("f")["errorNotes"] == ["one", "two"]


def test_the_context_counts_unless_it_is_suppressed() -> None:
    """V-18: as Python shows it."""

    def implicit() -> None:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second")  # noqa: B904 - the point

    def suppressed() -> None:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second") from None

    assert describe_failure(caught(implicit), {})["errorCause"]["errorType"] == "KeyError"
    assert "errorCause" not in describe_failure(caught(suppressed), {})


def test_a_chain_is_cut_after_16_causes_and_at_a_cycle() -> None:
    """V-18: whatever user code has tied together."""
    first = last = ValueError(0)
    for number in range(1, 40):
        last.__cause__ = ValueError(number)
        last = last.__cause__
    depth, fields = 0, describe_failure(first, {})
    while "errorCause" in fields:
        depth, fields = depth + 1, fields["errorCause"]
    assert depth == MAX_CAUSES

    one, two = ValueError(1), ValueError(2)
    one.__cause__, two.__cause__ = two, one
    assert "errorCause" not in describe_failure(one, {})["errorCause"]


def test_a_long_traceback_keeps_its_head_and_its_tail() -> None:
    """V-18: 64 KiB of text."""
    fields = describe_failure(ValueError("a" + "x" * 200_000 + "z"), {})

    assert fields["traceback"].startswith("ValueError: a")
    assert fields["traceback"].endswith("z\n")
    assert "characters left out" in fields["traceback"]
    assert len(fields["traceback"]) < MAX_TRACEBACK_CHARACTERS + 100
    assert len(fields["errorMessage"]) == 200_002


def test_lone_surrogates_are_made_visible() -> None:
    """V-18: file names are where they come from."""
    fields = describe_failure(OSError("no file \udcff"), {})

    assert fields["errorMessage"] == "no file \\udcff"
    assert "\\udcff" in fields["traceback"]
    write_json(fields).encode("ascii")


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


def test_an_exception_that_cannot_be_printed_is_still_one() -> None:
    """V-18: its class is known."""
    fields = describe_failure(UnprintableError(), {})

    assert fields["errorType"] == "UnprintableError"
    assert "cannot be had" in fields["errorMessage"]


def test_our_own_errors_carry_their_facts() -> None:
    """D-6, W-4, V-6: `errorKind` and what stands beside it."""
    unserializable = describe_failure(UnserializableError("result.a", "a set"), {})
    assert (
        unserializable["errorKind"],
        unserializable["errorPath"],
    ) == ("unserializable", "result.a")
    too_large = describe_failure(FrameTooLargeError(7, 5), {})
    assert (
        too_large["errorKind"],
        too_large["errorSize"],
        too_large["errorLimit"],
    ) == ("too-large", 7, 5)
    missing = describe_failure(FunctionNotFoundError("no ad", ["add"]), {})
    assert (
        missing["errorType"],
        missing["errorKind"],
        missing["candidates"],
        missing["traceback"],
    ) == ("NameError", "function-not-found", ["add"], "NameError: no ad\n")
