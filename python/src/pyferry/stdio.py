"""Takes the channel's descriptors out of user code's reach (contract V-17).

Mostly the channel has descriptors of its own and 0 to 2 belong to user code, 0 after the host has
said on it what it had to say; where the channel is the real stdin and stdout, user code gets
substitutes. Either way the descriptors move high, where closing or redirecting 0 to 2 does not meet
them, and are not inherited by programs that are started. A fork inherits everything: see
`forking.py`.
"""

from __future__ import annotations

import os

__all__ = ["claim_descriptors", "claim_stdin", "claim_stdio", "move_high"]

HIGH = 64
"""Above what user code is likely to name, below the smallest usual limit of open files (256)."""


def claim_stdio() -> tuple[int, int]:
    """Move the real stdin and stdout away; user code finds end of input on 0, and stderr on 1.

    Returns:
        The descriptors to read from and to write to.

    Raises:
        OSError: when stdin or stdout is closed.
    """
    read_end, write_end = claim_descriptors(0, 1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:
        # No stderr: what is printed has nowhere to go.
        os.dup2(null, 1)
    if null > 2:
        os.close(null)
    return read_end, write_end


def claim_stdin() -> int:
    """Move the real stdin away; user code finds end of input on 0.

    Raises:
        OSError: when it is closed.
    """
    moved = move_high(0)
    # The lowest number that is free, unless 0 was taken in the meantime: nobody else runs yet.
    null = os.open(os.devnull, os.O_RDONLY)
    if null != 0:
        os.dup2(null, 0)
        os.close(null)
    return moved


def claim_descriptors(read_from: int, write_to: int) -> tuple[int, int]:
    """Move the channel's descriptors, which may be one and the same, out of the way.

    Raises:
        OSError: when one of them is not open.
    """
    read_end = move_high(read_from, close=read_from != write_to)
    write_end = move_high(write_to)
    if hasattr(os, "set_blocking"):
        # A host that uses its own ends without blocking may have made ours so too.
        for end in (read_end, write_end):
            os.set_blocking(end, True)
    return read_end, write_end


def move_high(descriptor: int, *, close: bool = True) -> int:
    """Return a duplicate of `descriptor`, out of the way and not inherited; close the original.

    Raises:
        OSError: when it is not open.
    """
    moved = _duplicate(descriptor)
    if close:
        os.close(descriptor)
    return moved


try:
    import fcntl

    def _duplicate(descriptor: int) -> int:
        try:
            return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH)
        except OSError:
            # EINVAL: this process may not have so many. A descriptor that is not open fails again
            # below.
            return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)

except ImportError:  # Windows, where text mode would change line ends

    def _duplicate(descriptor: int) -> int:
        import msvcrt

        moved = os.dup(descriptor)
        # Typed on Windows alone.
        msvcrt.setmode(moved, os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]
        return moved
