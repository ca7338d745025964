"""The command line of the worker. By hand: `argparse` would cost more than the rest of a start."""

from __future__ import annotations

from pyferry.framing import DEFAULT_MAX_FRAME_BYTES

__all__ = ["USAGE", "Options", "UsageError", "parse_options"]

USAGE = """\
usage: python -m pyferry --stdio --max-workers N [--max-frame-bytes N] [--close-grace-ms N]
       python -I -S boot.py --fd-in N --fd-out N [--lifeline N]
                            --max-workers N [--max-frame-bytes N]
       python -I -S boot.py --connect --max-workers N [--max-frame-bytes N]
       python -I -S boot.py --control N --lifeline N [--preload NAME,NAME,...]
"""

_NUMBERS = (
    "--control",
    "--fd-in",
    "--fd-out",
    "--lifeline",
    "--max-workers",
    "--max-frame-bytes",
    "--close-grace-ms",
)

_DESCRIPTORS = ["--fd-in", "--fd-out"]

_MAY_BE_ZERO = ("--control", "--fd-in", "--fd-out", "--lifeline", "--close-grace-ms")

DEFAULT_CLOSE_GRACE_MS = 5000
"""As long as our host's."""

MAX_FRAME_BYTES = 2**32 - 1
"""What a frame's length can say."""


class UsageError(Exception):
    """The command line cannot be used."""


class Options:
    """How to serve.

    Attributes:
        stdio: whether the channel is stdin and stdout.
        connect: whether the channel is a socket, of which stdin tells.
        control: where a template is asked for workers (`template.py`); -1 in a worker.
        preload: what a template imports.
        fd_in: the descriptor to read from, unless `stdio` or `connect`.
        fd_out: the descriptor to write to, unless `stdio` or `connect`.
        lifeline: a descriptor whose other end closes when the host is gone.
        max_workers: calls that run at once, 1 or more.
        max_frame_bytes: largest body of a frame, read or written.
        close_grace_ms: how long calls may run on after the end of stdin, where it is the channel
            and the host is ours.
    """

    __slots__ = (
        "close_grace_ms",
        "connect",
        "control",
        "fd_in",
        "fd_out",
        "lifeline",
        "max_frame_bytes",
        "max_workers",
        "preload",
        "stdio",
    )

    def __init__(
        self, *, stdio: bool, connect: bool, numbers: dict[str, int], preload: list[str]
    ) -> None:
        self.stdio = stdio
        self.connect = connect
        self.control = numbers.get("--control", -1)
        self.preload = preload
        self.fd_in = numbers.get("--fd-in", -1)
        self.fd_out = numbers.get("--fd-out", -1)
        self.lifeline = numbers.get("--lifeline")
        self.max_workers = numbers.get("--max-workers", 1)
        self.max_frame_bytes = numbers.get("--max-frame-bytes", DEFAULT_MAX_FRAME_BYTES)
        self.close_grace_ms = numbers.get("--close-grace-ms", DEFAULT_CLOSE_GRACE_MS)


def parse_options(arguments: list[str]) -> Options:
    """Read the command line; each number may also be written `--name=N`.

    Raises:
        UsageError: for what is unknown, missing, no number or out of range.
    """
    flags = {"--stdio": False, "--connect": False}
    numbers: dict[str, int] = {}
    preload: list[str] = []
    rest = list(arguments)
    while rest:
        name, equals, text = rest.pop(0).partition("=")
        if name in flags and not equals:
            flags[name] = True
            continue
        if name not in (*_NUMBERS, "--preload"):
            raise UsageError(f"unknown option {name}")
        if not equals:
            if not rest:
                kind = "names" if name == "--preload" else "a number"
                raise UsageError(f"{name} must be followed by {kind}")
            text = rest.pop(0)
        if name == "--preload":
            preload = text.split(",")
            continue
        numbers[name] = _number(name, text)
    ways = [
        *(name for name in flags if flags[name]),
        *(name for name in ("--control", *_DESCRIPTORS) if name in numbers),
    ]
    if ways == ["--control"]:
        if "--lifeline" not in numbers:
            raise UsageError("--control needs --lifeline")
        return Options(stdio=False, connect=False, numbers=numbers, preload=preload)
    if preload:
        raise UsageError("--preload needs --control")
    if ways not in (["--stdio"], ["--connect"], _DESCRIPTORS):
        raise UsageError("one of --stdio, --connect, or --fd-in and --fd-out must be given")
    if flags["--connect"] and "--lifeline" in numbers:
        raise UsageError("--connect excludes --lifeline, which is stdin then")
    if "--max-workers" not in numbers:
        raise UsageError("--max-workers must be given")
    return Options(stdio=flags["--stdio"], connect=flags["--connect"], numbers=numbers, preload=[])


def _number(name: str, text: str) -> int:
    least = 0 if name in _MAY_BE_ZERO else 1
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise UsageError(f"{name} must be an integer of at least {least}, not {text!r}")
    number = int(text)
    if name == "--max-frame-bytes" and number > MAX_FRAME_BYTES:
        raise UsageError(f"{name} must be at most {MAX_FRAME_BYTES}, not {number}")
    return number
