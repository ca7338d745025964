"""Bytes to frames and back, without I/O (PROTOCOL.md, "Frames")."""

from __future__ import annotations

from pyferry.errors import FrameTooLargeError, TruncatedFrameError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyferry.parcels import Parcels

__all__ = ["DEFAULT_MAX_FRAME_BYTES", "HEADER_BYTES", "FrameReader", "encode_frame"]

HEADER_BYTES = 4

PIECE_HEAD_BYTES = 13
"""Of the body of any piece of a parcel, at most."""

DEFAULT_MAX_FRAME_BYTES = 64 * 1024 * 1024


def encode_frame(text: str, limit: int) -> bytes:
    """Frame a body that was written as ASCII.

    Args:
        text: the body; ASCII, so that its length is its size.
        limit: of the body, in bytes.

    Raises:
        FrameTooLargeError: before anything is copied.
    """
    size = len(text)
    if size > limit:
        raise FrameTooLargeError(size, limit)
    return size.to_bytes(HEADER_BYTES, "big") + text.encode("ascii")


class FrameReader:
    """Cuts a byte stream into the bodies of its frames, however the bytes arrive.

    Each byte is copied a constant number of times, and memory is taken for bytes that have come,
    never for a length that was only announced.

    Attributes:
        parcels: of the negotiated protocol, where pieces of them go that come in part.
        room: where the next bytes belong that are read, when a piece is being read; see `filled`.
    """

    __slots__ = ("_data", "_limit", "_needed", "_offset", "_partial", "parcels", "room")

    def __init__(self, limit: int = DEFAULT_MAX_FRAME_BYTES) -> None:
        self._limit = limit
        self._data = b""
        self._offset = 0
        # The beginning of a frame whose end is in a later chunk, and how many bytes it takes before
        # looking again.
        self._partial: bytearray | None = None
        self._needed = 0
        self.parcels: Parcels | None = None
        self.room: memoryview | None = None

    @property
    def has_data(self) -> bool:
        """Whether there may be another whole frame to take."""
        return self._offset < len(self._data)

    def push(self, data: bytes) -> None:
        """Take the next bytes of the stream; only when `try_next` has given all it has."""
        if self._partial is None:
            self._data = data
            self._offset = 0
            return
        self._partial += data
        if len(self._partial) >= self._needed:
            self._data = bytes(self._partial)
            self._offset = 0
            self._partial = None

    def try_next(self) -> bytes | None:
        """Return the body of the next whole frame, or `None` until more bytes have come.

        Raises:
            FrameTooLargeError: by the length alone, before the body has come. Nothing may be read
                after it.
        """
        if self._partial is not None:
            return None
        data, start = self._data, self._offset
        if start == len(data):
            return None
        body = start + HEADER_BYTES
        if len(data) < body:
            self._wait(HEADER_BYTES)
            return None
        size = int.from_bytes(data[start:body], "big")
        if size > self._limit:
            raise FrameTooLargeError(size, self._limit)
        end = body + size
        if len(data) < end:
            self._wait(HEADER_BYTES + size)
            return None
        self._offset = end
        return data[body:end]

    def filled(self, count: int) -> None:
        """Say that `count` bytes were read into `room`, rather than pushed."""
        assert self.room is not None
        self.room = self.room[count:] if count < len(self.room) else None

    def end(self) -> None:
        """Say that no more bytes will come.

        Raises:
            TruncatedFrameError: when the stream ended inside a frame.
        """
        if self.room is not None:
            raise TruncatedFrameError(
                f"the stream ended inside a piece, {len(self.room)} bytes before its end"
            )
        if self._partial is not None:
            raise TruncatedFrameError(
                f"the stream ended {len(self._partial)} bytes into a frame; "
                f"at least {self._needed} were expected"
            )

    def _wait(self, needed: int) -> None:
        rest = self._data[self._offset :]
        self._data = b""
        self._offset = 0
        if self.parcels is not None and needed > HEADER_BYTES:
            size = needed - HEADER_BYTES
            # Enough to see whether it is a piece, and of what.
            needed = HEADER_BYTES + min(size, PIECE_HEAD_BYTES)
            if len(rest) >= needed:
                begun = self.parcels.begin_piece(rest[HEADER_BYTES:], size)
                if begun is not None:
                    self._read_into(begun[1], rest[HEADER_BYTES + begun[0] :])
                    return
                needed = HEADER_BYTES + size
        if rest:
            self._partial = bytearray(rest)
            self._needed = needed

    def _read_into(self, room: memoryview, data: bytes) -> None:
        room[: len(data)] = data
        self.room = room[len(data) :]
