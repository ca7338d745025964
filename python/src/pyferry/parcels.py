"""What is too large to hold up a channel in one frame: it comes and goes in pieces, a **parcel**.

Source: NEGOTIATED.md, "Parcels"; contract D-4. Nothing is copied that need not be: a piece that
comes is read by the kernel into the `bytes` that it becomes a part of, and one that goes is a view
of what is sent.
"""

from __future__ import annotations

from _io import BytesIO

from pyferry.errors import MalformedFrameError
from pyferry.framing import HEADER_BYTES, PIECE_HEAD_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Union

    Bytes = Union[bytes, memoryview]

__all__ = ["ATTACHED", "IS_PARCEL", "PARCEL", "PIECE", "Large", "Parcels", "attached_body"]

ATTACHED, PARCEL, PIECE = 1, 2, 3
"""First bytes of a body: with attachments, the first piece of a parcel, a further piece."""

IS_PARCEL = 1 << 31
"""In a table of attachments: this is the number of a parcel, and not a size."""

_HEADS = {PARCEL: PIECE_HEAD_BYTES, PIECE: 5}
"""Bytes before the data of a piece: kind and id, and in the first the size of all."""

PIECE_BYTES = 256 * 1024
"""Data of a piece: what others send meanwhile waits for one of these, 60 µs. With less the system
calls show."""


KEPT_BYTES = 32 * 1024 * 1024 - 8192
"""The largest block that glibc can come to keep, less what stands around it."""


class Parcels:
    """The parcels of a stream that no message has named yet."""

    __slots__ = ("_has_begun", "_open")

    def __init__(self) -> None:
        self._has_begun = False
        self._open: dict[int, _Parcel] = {}

    def begin_piece(self, start: bytes, size: int) -> tuple[int, memoryview] | None:
        """Make room for a piece whose body has begun to come, or forget the parcel it gives up.

        Memory that nothing is written to is none yet: a size that was only announced takes none.

        Args:
            start: of the body, at least 13 bytes unless all of it is shorter.
            size: of the whole body.

        Returns:
            How many bytes of the body are no data, and where the data belong; `None` when this is
            no piece.

        Raises:
            MalformedFrameError: for a piece that belongs nowhere.
        """
        kind = start[0] if start else 0
        head = _HEADS.get(kind)
        if head is None:
            return None
        if len(start) < head:
            raise MalformedFrameError("a piece that ends in its head")
        id_ = int.from_bytes(start[1:5], "big")
        if kind == PARCEL:
            if id_ >= IS_PARCEL:
                raise MalformedFrameError(f"a parcel of the id {id_}, which no message can name")
            if id_ in self._open:
                raise MalformedFrameError(f"a second parcel {id_} while the first one waits")
            if not self._has_begun:
                self._has_begun = True
                _keep_memory()
            self._open[id_] = _Parcel(int.from_bytes(start[5:13], "big"))
        parcel = self._open.get(id_)
        if parcel is None:
            raise MalformedFrameError(f"a piece of a parcel {id_} that was not begun")
        if kind == PIECE and size == head:
            del self._open[id_]
            return head, memoryview(bytearray())
        return head, parcel.begin_piece(size - head, id_)

    def add(self, body: bytes) -> bool:
        """Take a whole piece; `False` when it is none."""
        begun = self.begin_piece(body, len(body))
        if begun is None:
            return False
        head, room = begun
        room[:] = memoryview(body)[head:]
        return True

    def take(self, id_: int) -> bytes:
        """Return a parcel that has come whole, once.

        Raises:
            MalformedFrameError: when there is none.
        """
        parcel = self._open.pop(id_, None)
        if parcel is None:
            raise MalformedFrameError(f"there is no parcel {id_}, or it was taken")
        return parcel.finish(id_)


def _keep_memory() -> None:
    """Have the allocator keep what large values take, for the next ones.

    Of memory that is given back to the kernel every page costs a fault when it is taken again, and
    all of them together longer than the bytes take to come (docs/performance.md). glibc gives back
    each block of more than 128 KiB, until one is freed that is larger, up to 32 MiB: from then on
    it keeps blocks of that size, and twice as much of what is free. So one is freed, of which no
    page was touched. Other allocators do as they do.
    """
    bytes(KEPT_BYTES)


class _Parcel:
    """A `bytes` being filled: a `BytesIO` lends its memory, and gives it away at the end."""

    __slots__ = ("_buffer", "_filled", "_room")

    def __init__(self, size: int) -> None:
        try:
            self._buffer = BytesIO(bytes(size))
        except (MemoryError, OverflowError):
            raise MalformedFrameError(
                f"a parcel of {size} bytes, for which there is no memory"
            ) from None
        self._room = self._buffer.getbuffer()
        self._filled = 0

    def begin_piece(self, size: int, id_: int) -> memoryview:
        start, end = self._filled, self._filled + size
        if end > len(self._room):
            raise MalformedFrameError(f"a piece that goes beyond the end of parcel {id_}")
        if size == 0 and len(self._room) > 0:
            raise MalformedFrameError(f"a piece of parcel {id_} with nothing in it")
        self._filled = end
        return self._room[start:end]

    def finish(self, id_: int) -> bytes:
        if self._filled < len(self._room):
            raise MalformedFrameError(f"parcel {id_} has not come whole")
        self._room.release()
        # The memory itself, not a copy: nobody else has it any more.
        return self._buffer.getvalue()


class Large:
    """A message whose parcels have to be sent before it.

    While it is sent no other one may be: the numbers of parcels begin at 0 in each.
    """

    __slots__ = ("_frame", "_parcels", "_piece_bytes")

    def __init__(self, head: bytes, attachments: list[memoryview], inline: int, limit: int) -> None:
        """Keep attachments over `inline` bytes, and messages over it, for parcels.

        Args:
            head: the messages, in JSON or MessagePack.
            attachments: in their order, as bytes; not copied.
            inline: up to how many bytes a part goes in the frame.
            limit: of the body of a frame.
        """
        parcels: list[Bytes] = []

        def place(part: Bytes) -> Bytes | int:
            if len(part) <= inline:
                return part
            parcels.append(part)
            return IS_PARCEL + len(parcels) - 1

        parts = [place(each) for each in attachments]
        self._frame = attached_body(place(head), parts)
        self._parcels = parcels
        self._piece_bytes = max(1, min(PIECE_BYTES, limit - _HEADS[PARCEL]))

    def frames(self) -> Iterator[list[Bytes]]:
        """Return the frames to send, each in parts; others may go between any two of them."""
        for id_, parcel in enumerate(self._parcels):
            view = memoryview(parcel)
            size = len(view)
            start = 0
            while start < size or start == 0:
                data = view[start : start + self._piece_bytes]
                yield [_piece_head(id_, size if start == 0 else None, len(data)), data]
                start += max(1, len(data))
        yield [self._frame]


def attached_body(head: Bytes | int, parts: list[Bytes | int]) -> bytes:
    """Frame a body with attachments.

    Args:
        head: the messages, in JSON or MessagePack; here and there `IS_PARCEL` and the number of a
            parcel may stand in place of bytes.
        parts: the attachments.
    """
    table = [part if isinstance(part, int) else len(part) for part in (*parts, head)]
    contents = [part for part in (head, *parts) if not isinstance(part, int)]
    size = 4 + 4 * len(table) + sum(map(len, contents))
    start = size.to_bytes(HEADER_BYTES, "big") + bytes([ATTACHED]) + len(parts).to_bytes(3, "big")
    return b"".join([start, *[each.to_bytes(4, "big") for each in table], *contents])


def _piece_head(id_: int, size: int | None, data: int) -> bytes:
    kind, more = (PIECE, b"") if size is None else (PARCEL, size.to_bytes(8, "big"))
    body = _HEADS[kind] + data
    return body.to_bytes(HEADER_BYTES, "big") + bytes([kind]) + id_.to_bytes(4, "big") + more
