"""Answers on their way out, from any thread, never one into another.

A combining writer: whoever finds the writing free writes everything that waits, in one go; the
others leave theirs and go on. Under load that is 1.7 to 2.3 times the rate of a lock around each
write. Messages of the negotiated protocol that wait together go in one frame.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from pyferry.forking import flush_streams
from pyferry.framing import HEADER_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from typing import NoReturn

    from pyferry.dialect import Small
    from pyferry.parcels import Large
else:
    try:
        from _collections import deque
    except ImportError:
        from collections import deque

KERNEL_BYTES = 208 * 1024
"""What a socket may hold of large messages: as much as Linux grants to everybody, which takes twice
that, so that a piece fits in whole and we need not sleep within it. Of twice as much a small answer
has to wait for longer (measured, see performance.md)."""

__all__ = ["Lifeline", "Output", "exit_now", "pack"]


class Lifeline:
    """What is known of the host's life in this process.

    Attributes:
        descriptor: its other end closes when the host is gone; `None` where there is none.
    """

    descriptor: int | None = None


class Output:
    """The writing end of the channel.

    Attributes:
        add: leaves a frame, or a message, to be written by the next `flush` of any thread.
    """

    __slots__ = ("_descriptor", "_is_wide", "_limit", "_waiting", "_writing", "add")

    def __init__(self, descriptor: int, limit: int) -> None:
        """Write to `descriptor`, which is blocking and stays the caller's; frames up to `limit`."""
        self._descriptor = descriptor
        self._limit = limit
        # Whether a large message was sent already.
        self._is_wide = False
        self._waiting: deque[Small] = deque()
        self._writing = allocate_lock()
        self.add: Callable[[Small], None] = self._waiting.append

    @property
    def needs_flush(self) -> bool:
        """Whether something waits and nobody writes; whoever does looks again before it stops."""
        return bool(self._waiting) and not self._writing.locked()

    def flush(self) -> None:
        """Write what waits, unless a thread is writing: then that one does. May block."""
        waiting, writing = self._waiting, self._writing
        while waiting and writing.acquire(False):
            try:
                self._write_all()
            finally:
                writing.release()

    def send(self, large: Large) -> None:
        """Write a large message to its end, after whoever is writing now. Blocks.

        What others leave meanwhile goes between its pieces.
        """
        with self._writing:
            if not self._is_wide:
                self._is_wide = True
                _widen(self._descriptor)
            for parts in large.frames():
                self._write_all()
                self._write_parts(parts)
        self.flush()

    def drain(self) -> None:
        """Write what waits, after whoever is writing now."""
        with self._writing:
            self._write_all()

    def _write_all(self) -> None:
        # Only the thread that holds `_writing` takes from the left.
        waiting, limit = self._waiting, self._limit
        while waiting:
            first = waiting.popleft()
            if not waiting and type(first) is str:
                # The usual answer to a call alone.
                self._write(_frame(f"[{first}]"))
                continue
            parts = [first]
            while waiting:
                parts.append(waiting.popleft())
            self._write(pack(parts, limit))

    def _write_parts(self, parts: list[bytes | memoryview]) -> None:
        try:
            written = os.writev(self._descriptor, parts)
        except BaseException:
            exit_now(1)
        for part in parts:
            if written < len(part):
                self._write(memoryview(part)[written:])
            written = max(0, written - len(part))

    def _write(self, data: bytes | memoryview) -> None:
        try:
            written = os.write(self._descriptor, data)
            if written < len(data):
                rest = memoryview(data)
                while written < len(rest):
                    rest = rest[written:]
                    written = os.write(self._descriptor, rest)
        except BaseException:
            # The host is gone, and with it everybody who could be told; or a signal handler of the
            # user's has raised here, and nobody knows how much was written.
            exit_now(1)


def _widen(descriptor: int) -> None:
    """Let the kernel hold more than it does by default, if this is a Unix socket."""
    if os.name != "posix":
        return
    # The C half of `socket`, which itself costs 5 ms.
    import _socket

    try:
        end = _socket.socket(fileno=descriptor)
    except OSError:
        # A pipe.
        return
    try:
        # The buffer of a port grows by itself, until somebody says how large it is to be.
        if end.family == _socket.AF_UNIX:
            end.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, KERNEL_BYTES)
    except OSError:
        # A system that grants less: it takes longer, and works as well.
        pass
    finally:
        end.detach()
        # It may block no more: user code may have set a timeout for all new sockets.
        os.set_blocking(descriptor, True)


def exit_now(code: int) -> NoReturn:
    """End the process, from any thread; what was printed is written, nothing is waited for.

    Where the channel has broken because the host is gone, our group goes too: the kernel watches a
    lifeline only as long as we are there.
    """
    flush_streams()
    if code != 0 and Lifeline.descriptor is not None:
        from pyferry.lifeline import end_if_closed

        end_if_closed(Lifeline.descriptor)
    os._exit(code)


def pack(parts: list[Small], limit: int) -> bytes:
    """Join frames, and messages to frames, in their order.

    Args:
        parts: at least one; a message alone is not over the limit.
        limit: of the body of a frame.
    """
    try:
        body = f"[{','.join(parts)}]"  # type: ignore[arg-type]
    except TypeError:
        body = ""
    if body and len(body) <= limit:
        return _frame(body)
    frames: list[bytes] = []
    texts: list[str] = []
    size = 1
    for part in [*parts, b""]:
        if texts and (type(part) is bytes or size + len(part) + 1 > limit):
            frames.append(_frame(f"[{','.join(texts)}]"))
            texts, size = [], 1
        if isinstance(part, str):
            texts.append(part)
            size += len(part) + 1
        else:
            frames.append(part)
    return b"".join(frames)


def _frame(body: str) -> bytes:
    return len(body).to_bytes(HEADER_BYTES, "big") + body.encode("ascii")
