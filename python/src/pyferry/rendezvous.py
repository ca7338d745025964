"""Meets the host on a socket: `--connect`, the transports `unix` and `tcp`.

Source: PROTOCOL.md, "Meeting on a socket". Where it is, and what to say there, comes on stdin,
which no other process can see. Two connections, one for each direction; on each both ends say what
only the other can have told them.
"""

from __future__ import annotations

import os

from pyferry.errors import HandshakeError, MalformedFrameError
from pyferry.framing import HEADER_BYTES
from pyferry.messages import parse_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Invitation", "connect_all", "meet", "read_invitation"]

MAX_INVITATION_BYTES = 4096
"""It holds a path or a port and three secrets."""


class Invitation:
    """What the host says on stdin.

    Attributes:
        transport: `unix` or `tcp`.
        address: a path, or `127.0.0.1:port`.
        reading: what to say on the connection that we read from; `writing`: on the other one.
        answer: what the host says on both.
    """

    __slots__ = ("address", "answer", "reading", "transport", "writing")

    def __init__(self, fields: dict[str, Any]) -> None:
        """Check what was said.

        Raises:
            HandshakeError: when it is no invitation.
        """
        names = ("transport", "address", "in", "out", "host")
        texts = [fields.get(name) for name in names]
        if fields.get("type") != "connect" or not all(text and type(text) is str for text in texts):
            raise HandshakeError(f"stdin does not tell where to connect: {', '.join(names)}")
        self.transport, self.address, self.reading, self.writing, self.answer = map(str, texts)
        if self.transport not in ("unix", "tcp"):
            raise HandshakeError(f"the transport {self.transport!r} is not known here")


def read_invitation(descriptor: int) -> Invitation:
    """Read exactly one frame; what follows, if anything does, stays where it is.

    Raises:
        HandshakeError: when stdin ends first, or holds something else.
    """
    header = _read_exactly(descriptor, HEADER_BYTES)
    size = int.from_bytes(header, "big")
    if size > MAX_INVITATION_BYTES:
        raise HandshakeError("stdin holds something else than where to connect")
    try:
        fields = parse_body(_read_exactly(descriptor, size))
    except MalformedFrameError as error:
        raise HandshakeError(f"stdin does not tell where to connect: {error}") from error
    return Invitation(fields if type(fields) is dict else {})


def meet(invitation: Invitation) -> tuple[int, int]:
    """Connect to the host.

    Returns:
        The descriptors to read from and to write to; inheritable by nobody.

    Raises:
        HandshakeError: when the other end is not the host that has invited us.
        OSError: when nobody listens.
    """
    read_end, write_end = connect_all(invitation, [invitation.reading, invitation.writing])
    return read_end, write_end


def connect_all(invitation: Invitation, secrets: list[str]) -> list[int]:
    """Connect to the host once for each of the secrets, and say it there; raises as `meet` does."""
    from _operator import _compare_digest

    ends = [_connect(invitation) for _ in secrets]
    for end, secret in zip(ends, secrets):
        os.write(end, secret.encode())
    expected = invitation.answer.encode()
    for end in ends:
        # Without it whoever had taken the address of a host that is gone could make us run code.
        if not _compare_digest(_read_exactly(end, len(expected)), expected):
            raise HandshakeError("the other end of the socket is not the host that started us")
    return ends


def _connect(invitation: Invitation) -> int:
    # The C half of `socket`, which itself costs 5 ms.
    import _socket

    if invitation.transport == "unix":
        end = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        end.connect(invitation.address)
        return end.detach()
    host, _, port = invitation.address.rpartition(":")
    if not (port.isascii() and port.isdigit()):
        raise HandshakeError(f"{invitation.address!r} is no address with a port")
    end = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    # A small answer must not wait until the one before it was acknowledged.
    end.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    end.connect((host, int(port)))
    return end.detach()


def _read_exactly(descriptor: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = os.read(descriptor, count - len(data))
        if not piece:
            raise HandshakeError("the host has closed it before it said everything")
        data += piece
    return data
