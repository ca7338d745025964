"""The worker's command line."""

from __future__ import annotations

import pytest

from pyferry.options import UsageError, parse_options


def test_stdio_is_served_with_defaults() -> None:
    """W-1: the command that any host may use."""
    options = parse_options(["--stdio", "--max-workers", "3"])

    assert options.stdio
    assert (
        options.max_workers,
        options.max_frame_bytes,
        options.lifeline,
    ) == (3, 64 * 1024 * 1024, None)


def test_descriptors_are_served() -> None:
    """V-17: and a number may stand behind an equals sign."""
    options = parse_options(
        ["--fd-in=3", "--fd-out", "4", "--lifeline", "5", "--max-workers=1", "--max-frame-bytes=9"]
    )

    assert (
        options.stdio,
        options.fd_in,
        options.fd_out,
        options.lifeline,
        options.max_workers,
        options.max_frame_bytes,
    ) == (False, 3, 4, 5, 1, 9)


def test_a_socket_is_served() -> None:
    """W-5: where it is comes on stdin."""
    options = parse_options(["--connect", "--max-workers", "1"])

    assert (options.connect, options.stdio, options.fd_in) == (True, False, -1)


def test_a_template_is_asked_on_a_descriptor() -> None:
    """S-4: what it serves with is said of each worker."""
    options = parse_options(["--control=3", "--lifeline=4", "--preload", "numpy,os.path"])

    assert (options.control, options.lifeline, options.preload) == (3, 4, ["numpy", "os.path"])
    assert parse_options(["--stdio", "--max-workers", "1"]).control == -1


def test_the_end_of_stdin_has_a_grace() -> None:
    """W-5: as long as our host's, if nothing else is said."""
    plain, given = (
        parse_options(["--stdio", "--max-workers", "1", *more])
        for more in ([], ["--close-grace-ms", "0"])
    )

    assert (plain.close_grace_ms, given.close_grace_ms) == (5000, 0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "one of --stdio, --connect, or"),
        ("--stdio", "--max-workers must be given"),
        ("--stdio --max-workers", "followed by a number"),
        ("--control 3 --lifeline 4 --preload", "followed by names"),
        ("--control 3", "--control needs --lifeline"),
        ("--stdio --max-workers 1 --preload json", "--preload needs --control"),
        ("--stdio --max-workers 0", "at least 1, not '0'"),
        ("--stdio --max-workers ²", "integer"),
        ("--stdio --max-workers 1 --max-frame-bytes 4294967296", "at most 4294967295"),
        ("--fd-in 3 --max-workers 1", "--fd-in and --fd-out"),
        ("--stdio --fd-in 3 --max-workers 1", "one of"),
        ("--stdio --connect --max-workers 1", "one of"),
        ("--connect --fd-in 3 --fd-out 4 --max-workers 1", "one of"),
        ("--connect --lifeline 5 --max-workers 1", "--connect excludes --lifeline"),
        ("--stdio --close-grace-ms -1 --max-workers 1", "at least 0"),
        ("--stdio=1 --max-workers 1", "unknown option --stdio"),
        ("--stido", "unknown option --stido"),
    ],
)
def test_a_bad_command_line_is_named(line: str, words: str) -> None:
    """W-1: option, value and what was expected."""
    with pytest.raises(UsageError) as caught:
        parse_options(line.split())

    assert words in str(caught.value)
