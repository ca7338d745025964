"""Version 1 of the negotiated protocol: bodies to messages, and messages to what is written.

Source: NEGOTIATED.md. The messages are those of `messages.py`; what differs is how they are
written: many in a frame, as arrays, with marks beside the values.
"""

from __future__ import annotations

from _thread import allocate_lock

from pyferry.errors import FrameTooLargeError, MalformedFrameError, ValueTooLargeError
from pyferry.jsontext import LARGE_BYTES, quote, write_json
from pyferry.marking import to_marked
from pyferry.messages import Call, Ping, Unknown, decode_define, parse_body, read_values
from pyferry.parcels import IS_PARCEL, Large, attached_body
from pyferry.walk import MAX_SAFE_INTEGER, ManyItems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyferry.dialect import Written
    from pyferry.marking import Attachment
    from pyferry.marks import Attachments
    from pyferry.messages import Message
    from pyferry.packing import Codec
    from pyferry.parcels import Parcels

__all__ = [
    "CODECS",
    "HELLO",
    "PACKED",
    "PONG",
    "Limits",
    "Packing",
    "checked",
    "decode_batch",
    "encode_defined",
    "encode_error",
    "encode_failed",
    "encode_returned",
]

HELLO = '["hello",{}]'
PONG = '["pong"]'
PACKED = "msgpack"
CODECS = f'["codecs",["{PACKED}"]]'

_OPEN_BRACKET = 0x5B

_LEAST_MARK_BYTES = 12
"""`[[],"bytes"]`"""

MAX_TEXT_BYTES = 2**29 - 24
"""The longest messages, in JSON or MessagePack: a host in JavaScript holds no longer string, and a
text in them becomes one."""

INLINE_BYTES = 64 * 1024
"""Attachments up to this go in the frame, copied: to send one in pieces takes longer."""

JOINED_BYTES = 256 * 1024
"""Of a frame that is read as a whole: whatever is sent after it waits for all of it."""

MAX_ATTACHMENTS = 2**24 - 1

MANY_ITEMS = 2048
"""More items than that in a result are looked at as a whole, see `wholesale.py`. They are large in
MessagePack too, whatever they are."""


class Limits:
    """What is written may be so large.

    Attributes:
        frame: the body of a frame, in bytes.
        joined: the body of a frame that is no piece.
        result: text and attachments of one result.
        small: what is not over any of them.
    """

    __slots__ = ("frame", "joined", "result", "small")

    def __init__(self, frame: int, result: int | None = None) -> None:
        """`result`: `None` for no limit."""
        self.frame = frame
        self.joined = min(frame, JOINED_BYTES)
        self.result = MAX_SAFE_INTEGER if result is None else result
        self.small = min(self.joined, self.result)


class Packing:
    """The codec of the environment, for a host that reads what it writes; see `packing.py`."""

    __slots__ = ("_announce", "_told")

    def __init__(self, announce: Callable[[str], None]) -> None:
        """`announce`: sends the message that tells the host; called once at most."""
        self._announce = announce
        # Whoever takes it tells: threads that answer at the same time come here too.
        self._told = allocate_lock()

    def find(self) -> Codec | None:
        """Return the codec, at the first large body that comes or goes and from then on."""
        from pyferry.packing import find_codec

        codec = find_codec()
        if codec is not None and self._told.acquire(False):
            self._announce(CODECS)
        return codec


_DIGITS = bytes(48 if 48 <= code <= 57 else 46 if code == 46 else 32 for code in range(256))
_LONG = b"0" * 16
_LONG_INTEGER = b" " + _LONG
"""What every integer beyond the safe ones has at least, and no fraction, when digits are 0."""


def decode_batch(body: bytes, parcels: Parcels, packing: Packing | None = None) -> list[Message]:
    """Read a frame's body as the messages in it; a piece of a parcel has none.

    Args:
        body: of any frame.
        parcels: of the stream.
        packing: of the connection, where the host reads MessagePack.

    Raises:
        MalformedFrameError: when one of them is none.
    """
    attachments = None
    head = body
    if not body or body[0] != _OPEN_BRACKET:
        if parcels.add(body):
            return []
        head, attachments = _split(body, parcels)
    if head[0] == _OPEN_BRACKET:
        array = parse_body(head)
        if _may_hold_unsafe(head):
            _refuse_unsafe(array)
    else:
        array = _unpack(head, packing)
    if len(head) >= LARGE_BYTES and packing is not None:
        # Of this size others may follow, in MessagePack once the host knows.
        packing.find()
    batch: list[Message] = []
    for message in array:
        if type(message) is not list or not message or type(message[0]) is not int:
            batch.append(_decode(message))
            continue
        # Most calls are made here: one function less for each of many.
        if len(message) == 3:
            id_, function, args = message
            if id_ >= 0 and type(function) is str and type(args) is list:
                batch.append(Call(id_, function, args))
                continue
        batch.append(_decode_call(message, attachments))
    if attachments is not None and attachments.unnamed:
        raise MalformedFrameError("an attachment is named by no mark")
    return batch


def _unpack(head: bytes, packing: Packing | None) -> Any:
    codec = packing.find() if packing is not None else None
    if codec is None:
        raise MalformedFrameError("the messages are MessagePack, which is not read here")
    array = codec.unpack(head)
    # What JSON is asked as a whole, see `_refuse_unsafe`.
    for message in array:
        if type(message) is list and message and type(message[0]) is int:
            _check_id(message[0])
    return array


def _split(body: bytes, parcels: Parcels) -> tuple[bytes, Attachments | None]:
    from pyferry.marks import Attachments
    from pyferry.packing import is_packed

    if is_packed(body):
        return body, None
    if body[:1] != b"\x01":
        raise MalformedFrameError("the frame's body begins with nothing that is known")
    count = int.from_bytes(body[1:4], "big")
    end = 8 + 4 * count
    if len(body) < end:
        raise MalformedFrameError("the frame's body ends inside its table of attachments")
    view = memoryview(body)
    start = end

    def take(entry: int) -> bytes | memoryview:
        nonlocal end
        if entry >= IS_PARCEL:
            return parcels.take(entry - IS_PARCEL)
        end += entry
        return view[end - entry : end]

    # The last entry is that of the messages, which come first.
    head = bytes(take(int.from_bytes(view[start - 4 : start], "big")))
    if count * _LEAST_MARK_BYTES > len(head):
        # Before there is anything for each of them: a table of empty ones would take fifty times
        # its size.
        raise MalformedFrameError("the frame has more attachments than its marks can name")
    table = [int.from_bytes(view[at : at + 4], "big") for at in range(4, start - 4, 4)]
    parts = [take(entry) for entry in table]
    if end != len(body):
        raise MalformedFrameError(f"the parts of the frame's body are {end} bytes of {len(body)}")
    if head[:1] != b"[" and not is_packed(head):
        raise MalformedFrameError("the messages of the frame are no array")
    return head, Attachments(parts)


def _may_hold_unsafe(text: bytes) -> bool:
    digits = text.translate(_DIGITS)
    # In this order: most texts have no long digits at all, and that is seen sooner.
    return _LONG in digits and _LONG_INTEGER in digits


def _refuse_unsafe(array: Any) -> None:
    """Look closer: digits may stand in a text or behind a point as well."""
    from pyferry.wholesale import is_plain

    if is_plain(array, closely=True):
        return
    rest = [array]
    while rest:
        value = rest.pop()
        if type(value) is list:
            # Mostly it is lists of floats that have as many digits.
            if set(map(type, value)) != {float}:
                rest += value
        elif type(value) is dict:
            rest += value.values()
        elif type(value) is int and not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise MalformedFrameError(f"the integer {value} is beyond ±(2^53−1) and not marked")


def _decode(message: Any) -> Message:
    if type(message) is not list or not message:
        raise MalformedFrameError("a message is no array, or an empty one")
    head = message[0]
    if type(head) is not str:
        raise MalformedFrameError("a message begins with neither an integer nor a name")
    if head == "ping":
        return Ping()
    if head == "define":
        op_id, fields = message[1:3] if len(message) > 2 else (None, None)
        if type(op_id) is not str or type(fields) is not dict:
            raise MalformedFrameError("a define is not of the form [define, opID, fields]")
        return decode_define({**fields, "opID": op_id})
    return Unknown(head)


def _decode_call(message: list[Any], attachments: Attachments | None) -> Call:
    size = len(message)
    if size < 3:
        raise MalformedFrameError("a call is not of the form [id, func, args]")
    id_, function, args = message[0], message[1], message[2]
    _check_id(id_)
    if type(function) is not str or type(args) is not list:
        raise MalformedFrameError("a call is not of the form [id, func, args]")
    call = Call(id_, function, args)
    if size == 3:
        return call
    kwargs = message[3]
    if type(kwargs) is dict:
        call.kwargs = kwargs
    elif kwargs is not None:
        raise MalformedFrameError("the keywords of a call are no object")
    marks = message[4] if size > 4 else None
    if marks is not None:
        from pyferry.marks import Attachments, place_marks

        if type(marks) is not list:
            raise MalformedFrameError("the marks of a call are no array")
        call.marked = place_marks(args, call.kwargs, marks, attachments or Attachments([]))
    options = message[5] if size > 5 else None
    if type(options) is dict:
        call.values = read_values(options)
    elif options is not None:
        raise MalformedFrameError("the options of a call are no object")
    return call


def _check_id(id_: int) -> None:
    if not 0 <= id_ <= MAX_SAFE_INTEGER:
        raise MalformedFrameError(f"{id_} is no id of a call")


def encode_returned(
    call_id: int,
    result: Any,
    *,
    is_strict: bool,
    limits: Limits,
    is_plain: bool = False,
    packing: Packing | None = None,
) -> Written:
    """Write the answer to a call that returned: a message, or a frame when it has attachments.

    Args:
        call_id: which one.
        result: any object.
        is_strict: see `to_marked`, as for `is_plain`.
        limits: of what is written.
        is_plain: see there.
        packing: of the connection, where the host reads MessagePack.

    Raises:
        UnserializableError: for what cannot be carried, with its path.
        ValueTooLargeError: when it is over the limit of results.
        FrameTooLargeError: when the table of its attachments alone is over that of frames.
    """
    room = None if is_plain else MANY_ITEMS
    try:
        wire, marks, attachments = to_marked(
            result, is_strict=is_strict, is_plain=is_plain, room=room
        )
    except ManyItems:
        return _encode_many(call_id, result, is_strict=is_strict, limits=limits, packing=packing)
    return _write(_text_of(call_id, wire, marks), attachments, limits)


def _encode_many(
    call_id: int, result: Any, *, is_strict: bool, limits: Limits, packing: Packing | None
) -> Written:
    """Write a result of many items: as it is, where all of it is plain."""
    from pyferry.wholesale import is_plain

    codec = packing.find() if packing is not None else None
    if is_plain(result):
        packed = _try_pack([[call_id, result]], [], codec, limits)
        if packed is not None:
            return _write_large(packed, [], limits)
        text = _try_text(call_id, result)
        if text is not None:
            # A small one joins others, without its brackets.
            return (
                text[1:-1].decode() if len(text) <= limits.small else _write_text(text, [], limits)
            )
    wire, marks, attachments = to_marked(result, is_strict=is_strict)
    message = [call_id, wire] if marks is None else [call_id, wire, marks]
    packed = _try_pack([message], attachments or [], codec, limits)
    if packed is not None:
        return _write_large(packed, attachments or [], limits)
    return _write(_text_of(call_id, wire, marks), attachments, limits)


def _try_pack(
    messages: list[Any], attachments: list[Attachment], codec: Codec | None, limits: Limits
) -> bytes | None:
    """Write a frame's messages in MessagePack.

    `None`: JSON decides, of what is over a limit too: short numbers are shorter there, and whether
    a result passes is not for the codec of an environment to say.
    """
    packed = codec.pack(messages) if codec is not None else None
    if packed is None or len(packed) > MAX_TEXT_BYTES:
        return None
    return packed if len(packed) + _size_of(attachments) <= limits.result else None


def _text_of(call_id: int, wire: Any, marks: Any) -> str:
    text = f"[{call_id},{write_json(wire)}]"
    return text if marks is None else f"{text[:-1]},{write_json(marks)}]"


def _try_text(call_id: int, result: Any) -> bytes | None:
    """Write a frame's messages with a result that is plain.

    `None`: there is something in it that has to be marked or refused.
    """
    from pyferry.wholesale import is_plain

    try:
        text = write_json([[call_id, result]]).encode("ascii")
    except ValueError:
        # A float that is not finite.
        return None
    # The text tells whether to look for more, and mostly that there is nothing.
    if b"\\ud" in text or _may_hold_unsafe(text):
        return text if is_plain(result, closely=True) else None
    return text


def _write(text: str, attachments: list[Attachment] | None, limits: Limits) -> Written:
    """Write a message, which is ASCII."""
    if attachments is None and len(text) + 2 <= limits.small:
        return text
    return _write_text(f"[{text}]".encode("ascii"), attachments or [], limits)


def _write_text(text: bytes, attachments: list[Attachment], limits: Limits) -> bytes | Large:
    """Write a frame's messages, which are JSON."""
    if len(text) > MAX_TEXT_BYTES:
        raise ValueTooLargeError(len(text), MAX_TEXT_BYTES)
    return _write_large(text, attachments, limits)


def _write_large(head: bytes, attachments: list[Attachment], limits: Limits) -> bytes | Large:
    """Write messages that are large, or have attachments."""
    size = len(head) + _size_of(attachments)
    if size > limits.result:
        raise ValueTooLargeError(size, limits.result)
    views = [memoryview(each).cast("B") for each in attachments]
    table = 8 + 4 * len(views)
    parts = [head, *views]
    if table + size <= limits.joined and all(len(part) <= INLINE_BYTES for part in parts):
        return attached_body(head, [*views])
    if table > limits.frame or len(views) > MAX_ATTACHMENTS:
        raise FrameTooLargeError(table, limits.frame)
    small = sum(len(part) for part in parts if len(part) <= INLINE_BYTES)
    return Large(head, views, INLINE_BYTES if table + small <= limits.frame else 0, limits.frame)


def _size_of(attachments: list[Attachment]) -> int:
    return sum(memoryview(each).nbytes for each in attachments)


def encode_failed(call_id: int, failure: dict[str, Any]) -> str:
    """Write the answer to a call that failed; `failure` as `describe_failure` returns it."""
    return f'["failed",{call_id},{write_json(failure)}]'


def encode_defined(op_id: str, failure: dict[str, Any] | None) -> str:
    """Write the answer to a define."""
    more = "" if failure is None else f",{write_json(failure)}"
    return f'["defined",{quote(op_id)}{more}]'


def encode_error(error_type: str, message: str) -> str:
    """Write what tells the host that its bytes or their meaning are not understood."""
    return f'["error",{quote(error_type)},{quote(message)}]'


def checked(text: str, limit: int) -> str:
    """Return the message, which is ASCII, if a frame of it alone is not over the limit."""
    size = len(text) + 2
    if size > limit:
        raise FrameTooLargeError(size, limit)
    return text
