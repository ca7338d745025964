"""The command line of the worker. By hand: `argparse` would cost more than the rest of a start."""

from __future__ import annotations

from pyferry.framing import DEFAULT_MAX_FRAME_BYTES

__all__ = ["USAGE", "Options", "UsageError", "parse_options"]

USAGE = """\
usage: python -m pyferry --stdio --max-workers N [--max-frame-bytes N]
       python -I -S boot.py --fd-in N --fd-out N [--lifeline N]
                            --max-workers N [--max-frame-bytes N]
"""

_NUMBERS = ("--fd-in", "--fd-out", "--lifeline", "--max-workers", "--max-frame-bytes")

MAX_FRAME_BYTES = 2**32 - 1
"""What a frame's length can say."""


class UsageError(Exception):
    """The command line cannot be used."""


class Options:
    """How to serve.

    Attributes:
        stdio: whether the channel is stdin and stdout.
        fd_in: the descriptor to read from, unless `stdio`.
        fd_out: the descriptor to write to, unless `stdio`.
        lifeline: a descriptor whose other end closes when the host is gone.
        max_workers: calls that run at once, 1 or more.
        max_frame_bytes: largest body of a frame, read or written.
    """

    __slots__ = ("fd_in", "fd_out", "lifeline", "max_frame_bytes", "max_workers", "stdio")

    def __init__(self, *, stdio: bool, numbers: dict[str, int]) -> None:
        self.stdio = stdio
        self.fd_in = numbers.get("--fd-in", -1)
        self.fd_out = numbers.get("--fd-out", -1)
        self.lifeline = numbers.get("--lifeline")
        self.max_workers = numbers.get("--max-workers", 1)
        self.max_frame_bytes = numbers.get("--max-frame-bytes", DEFAULT_MAX_FRAME_BYTES)


def parse_options(arguments: list[str]) -> Options:
    """Read the command line; each number may also be written `--name=N`.

    Raises:
        UsageError: for what is unknown, missing, no number or out of range.
    """
    stdio = False
    numbers: dict[str, int] = {}
    rest = list(arguments)
    while rest:
        name, equals, text = rest.pop(0).partition("=")
        if name == "--stdio" and not equals:
            stdio = True
            continue
        if name not in _NUMBERS:
            raise UsageError(f"unknown option {name}")
        if not equals:
            if not rest:
                raise UsageError(f"{name} must be followed by a number")
            text = rest.pop(0)
        numbers[name] = _number(name, text)
    if not stdio and not ("--fd-in" in numbers and "--fd-out" in numbers):
        raise UsageError("either --stdio or --fd-in and --fd-out must be given")
    if stdio and ("--fd-in" in numbers or "--fd-out" in numbers):
        raise UsageError("--stdio excludes --fd-in and --fd-out")
    if "--max-workers" not in numbers:
        raise UsageError("--max-workers must be given")
    return Options(stdio=stdio, numbers=numbers)


def _number(name: str, text: str) -> int:
    least = 0 if name in ("--fd-in", "--fd-out", "--lifeline") else 1
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise UsageError(f"{name} must be an integer of at least {least}, not {text!r}")
    number = int(text)
    if name == "--max-frame-bytes" and number > MAX_FRAME_BYTES:
        raise UsageError(f"{name} must be at most {MAX_FRAME_BYTES}, not {number}")
    return number
