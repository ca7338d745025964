"""How messages are written: as the base protocol does, or as version 1 of the negotiated one.

A connection begins with the first and may go over to the second. What is written is left in the
output: a whole frame as `bytes`, or as `str` a message that is framed together with others. A
`Large` one is sent in pieces.
"""

from __future__ import annotations

from pyferry import messages
from pyferry.framing import encode_frame
from pyferry.jsontext import write_json
from pyferry.messages import VALUES
from pyferry.negotiated import (
    PONG,
    checked,
    decode_batch,
    encode_defined,
    encode_error,
    encode_failed,
    encode_returned,
)
from pyferry.values import to_wire
from pyferry.walk import MAX_SAFE_INTEGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol, Union

    from pyferry.messages import Message
    from pyferry.negotiated import Limits, Packing
    from pyferry.parcels import Large, Parcels

    Small = Union[str, bytes]
    Written = Union[Small, Large]

    class Dialect(Protocol):
        """One way to write messages.

        All but `decode` raise `FrameTooLargeError` when what they write would be over the limit.
        """

        def decode(self, body: bytes) -> list[Message]: ...
        def returned(self, call_id: Any, result: Any, values: str | None) -> Written: ...
        def failed(self, call_id: Any, failure: dict[str, Any]) -> Small: ...
        def defined(self, op_id: str, failure: dict[str, Any] | None) -> Small: ...
        def error(self, error_type: str, text: str) -> Small: ...
        def pong(self) -> Small: ...


__all__ = ["Base", "Negotiated"]


class Base:
    """A JSON object in a frame of its own for each message (PROTOCOL.md)."""

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def decode(self, body: bytes) -> list[Message]:
        """Read a frame's body as the messages in it."""
        return [messages.decode_message(body)]

    def returned(self, call_id: str, result: Any, _values: str | None = None) -> bytes:
        """Write the answer to a call that returned."""
        text = messages.encode_returned(call_id, write_json(to_wire(result)))
        return encode_frame(text, self._limit)

    def failed(self, call_id: str, failure: dict[str, Any]) -> bytes:
        """Write the answer to a call that failed."""
        return encode_frame(messages.encode_failed(call_id, failure), self._limit)

    def defined(self, op_id: str, failure: dict[str, Any] | None) -> bytes:
        """Write the answer to a define."""
        return encode_frame(messages.encode_op_done(op_id, failure), self._limit)

    def error(self, error_type: str, text: str) -> bytes:
        """Write what tells the host that it is not understood."""
        return encode_frame(messages.encode_error(error_type, text), self._limit)

    def pong(self) -> bytes:
        """Write the answer to a ping."""
        # Whoever asks with a smaller limit is answered all the same.
        return encode_frame(messages.PONG, max(self._limit, len(messages.PONG)))


class Negotiated:
    """All messages that wait in one frame, as arrays with marks (NEGOTIATED.md)."""

    __slots__ = ("_is_strict", "_limit", "_limits", "_packing", "_parcels", "_values")

    def __init__(
        self,
        limits: Limits,
        parcels: Parcels,
        *,
        is_strict: bool,
        values: str = VALUES[0],
        packing: Packing | None = None,
    ) -> None:
        """Write frames.

        Args:
            limits: of what is written.
            parcels: of the stream.
            is_strict: whether a result that no rule carries is refused.
            values: how results are written whose calls do not say it.
            packing: where the host reads MessagePack.
        """
        self._limit = limits.frame
        self._limits = limits
        self._packing = packing
        self._parcels = parcels
        self._values = values
        self._is_strict = is_strict

    def decode(self, body: bytes) -> list[Message]:
        """Read a frame's body as the messages in it; a piece of a parcel has none."""
        return decode_batch(body, self._parcels, self._packing)

    def returned(self, call_id: int, result: Any, values: str | None = None) -> Written:
        """Write the answer to a call that returned; `values`: how, if it has said so."""
        if type(result) is int and -MAX_SAFE_INTEGER <= result <= MAX_SAFE_INTEGER:
            # The smallest of answers, and as common as any.
            text = f"[{call_id},{result}]"
            if len(text) + 2 <= self._limits.small:
                return text
        return encode_returned(
            call_id,
            result,
            is_strict=self._is_strict,
            limits=self._limits,
            is_plain=(values or self._values) == "json",
            packing=self._packing,
        )

    def failed(self, call_id: int, failure: dict[str, Any]) -> str:
        """Write the answer to a call that failed."""
        return checked(encode_failed(call_id, failure), self._limit)

    def defined(self, op_id: str, failure: dict[str, Any] | None) -> str:
        """Write the answer to a define."""
        return checked(encode_defined(op_id, failure), self._limit)

    def error(self, error_type: str, text: str) -> str:
        """Write what tells the host that it is not understood."""
        return checked(encode_error(error_type, text), self._limit)

    def pong(self) -> str:
        """Write the answer to a ping."""
        return PONG
