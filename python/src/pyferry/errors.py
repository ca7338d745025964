"""The worker's own exceptions, by whose fault it is.

Exception ─┬─ ProtocolError                the host's bytes; they end the connection
           │    ├─ FrameTooLargeError      also an answer of ours, which fails one call
           │    ├─ TruncatedFrameError
           │    ├─ MalformedFrameError
           │    └─ ProtocolVersionError
           ├─ HandshakeError               who is on the other end of the socket; nothing begins
           ├─ TemplateError                what was preloaded; nothing is forked
           ├─ UnserializableError          a value; fails one call
           ├─ ValueTooLargeError           a result; fails one call
           └─ NameError
                └─ FunctionNotFoundError   the caller's name; fails one call
"""

from __future__ import annotations

__all__ = [
    "FrameTooLargeError",
    "FunctionNotFoundError",
    "HandshakeError",
    "MalformedFrameError",
    "ProtocolError",
    "ProtocolVersionError",
    "TemplateError",
    "TruncatedFrameError",
    "UnserializableError",
    "ValueTooLargeError",
    "shorten_path",
]

_MAX_SHOWN = 120
"""Characters of a path in a message: 512 steps say no more than the first and the last of them."""


class ProtocolError(Exception):
    """The stream cannot be read on: after it no byte has a trustworthy meaning."""


class FrameTooLargeError(ProtocolError):
    """A frame's body is over the limit.

    Attributes:
        size: of the body, in bytes.
        limit: the `--max-frame-bytes` of this worker.
    """

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"a frame of {size} bytes is over the limit of {limit} (maxFrameBytes)")
        self.size = size
        self.limit = limit


class TruncatedFrameError(ProtocolError):
    """The stream ended inside a frame."""


class MalformedFrameError(ProtocolError):
    """A frame's body is not a message of the protocol."""


class ProtocolVersionError(ProtocolError):
    """The host has chosen a version that is not spoken here."""


class HandshakeError(Exception):
    """The host and we did not find each other on the socket (`rendezvous.py`)."""


class TemplateError(Exception):
    """What was loaded has left something that a fork does not survive (`template.py`)."""


class UnserializableError(Exception):
    """A value cannot be carried (contract D-6).

    Attributes:
        path: where it stands, such as `result.items[3].model`; whole, also where the message
            shortens it.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{shorten_path(path)}: {problem}")
        self.path = path


class ValueTooLargeError(Exception):
    """A result is over the limit that the host has set (contract D-4).

    Attributes:
        size: text and attachments together, in bytes.
        limit: of that.
    """

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"a result of {size} bytes is over the limit of {limit} (maxResultBytes)")
        self.size = size
        self.limit = limit


class FunctionNotFoundError(NameError):
    """No function of that name can be called from outside (V-6); a `NameError` on the wire.

    Attributes:
        candidates: existing names, the closest first, at most five.
    """

    def __init__(self, message: str, candidates: list[str]) -> None:
        super().__init__(message)
        self.candidates = candidates


def shorten_path(path: str) -> str:
    """Return a path as messages show it: a long one by its first steps and its last."""
    if len(path) <= _MAX_SHOWN:
        return path
    # No step is cut, so that none looks like another one; but for a key longer than all that is
    # shown.
    first, last = path[: _MAX_SHOWN // 2], path[-_MAX_SHOWN // 2 :]
    steps = [at for at in (last.find("."), last.find("[")) if at >= 0]
    return f"{first[: max(first.rfind('.'), first.rfind('['))]}…{last[min(steps, default=0) :]}"
