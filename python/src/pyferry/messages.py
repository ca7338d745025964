"""Frame bodies to messages, and messages to frame bodies (PROTOCOL.md, "Messages").

A known field of the wrong type makes the frame malformed; where a field may be left out `null`
counts as left out.
"""

from __future__ import annotations

from pyferry.errors import MalformedFrameError, UnserializableError
from pyferry.jsontext import LARGE_BYTES, parse_json, quote, write_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    Task = Union["Call", "Define"]
    Message = Union["Call", "Define", "Accept", "Ping", "Unknown"]

    from pyferry.marks import Marked

__all__ = [
    "FEATURES",
    "PONG",
    "VALUES",
    "Accept",
    "Call",
    "Define",
    "Ping",
    "Unknown",
    "decode_define",
    "decode_message",
    "encode_error",
    "encode_failed",
    "encode_op_done",
    "encode_ready",
    "encode_returned",
    "parse_body",
    "read_values",
]

FEATURES = ("parts", "modules", "spread")

PROTOCOL = 1
"""The highest version of the negotiated protocol that is spoken here, see `negotiated.py`."""

VALUES = ("faithful", "json")
"""How results may be wanted: as what they are, or in the plain forms that JSON has."""
MAX_SPIN_US = 1_000_000
"""A second, which is twenty thousand times what is of use."""

BYTES_MARK = b'"__bytes__"'

_NO_KEYWORDS: dict[str, Any] = {}
"""Of all calls that have none; never written to."""


class Call:
    """Call `function` with `args` and `kwargs`; answered by `call_done`.

    Attributes:
        call_id: a text in the base protocol, an integer in version 1.
        is_spread: whether the arguments came as `spread`, which is what paths to them begin with.
        marked: places in the arguments that mean something else than what stands there.
        values: how the result is wanted, where it is not as the host has agreed: see `VALUES`.
        problem: why the arguments cannot be read; they are empty then, and the call fails with it.
    """

    is_define = False

    # What most calls have not is the class's: to set it for each would take longer than to parse
    # the call.
    kwargs = _NO_KEYWORDS
    is_spread = False
    marked: Marked | None = None
    values: str | None = None
    problem: UnserializableError | None = None

    def __init__(self, call_id: str | int, function: str, args: list[Any]) -> None:
        self.call_id = call_id
        self.function = function
        self.args = args


class Define:
    """Run sources in the namespace that holds the functions; answered by `op_done`.

    Attributes:
        parts: the sources, as name and code; `None` when only `code` came.
        modules: importable names and file paths, imported before the sources run.
        import_paths: put in front of the import path before anything is imported.
        expose: `"all"`, `"own"`, or names; `None` leaves it as it is.
    """

    is_define = True

    function = ""
    """It calls none."""

    __slots__ = ("code", "expose", "import_paths", "modules", "op_id", "parts")

    def __init__(self, op_id: str, code: str) -> None:
        self.op_id = op_id
        self.code = code
        self.parts: list[tuple[str, str]] | None = None
        self.modules: list[str] | None = None
        self.import_paths: list[str] | None = None
        self.expose: str | list[str] | None = None


class Accept:
    """From here on version `protocol` is spoken; the first message of a host, or none.

    Attributes:
        is_strict: whether a result that no rule carries fails its call.
        values: how results are wanted, see `VALUES`.
        max_result: in bytes; a larger one fails its call.
        spin_us: for how many microseconds to look for more before each read; 0, not at all.
        codecs: names of those beside JSON that the host reads.
    """

    is_define = False

    __slots__ = ("codecs", "is_strict", "max_result", "protocol", "spin_us", "values")

    def __init__(
        self,
        protocol: int,
        *,
        is_strict: bool,
        max_result: int | None,
        spin_us: int,
        values: str = VALUES[0],
        codecs: list[str] | None = None,
    ) -> None:
        self.protocol = protocol
        self.is_strict = is_strict
        self.max_result = max_result
        self.spin_us = spin_us
        self.values = values
        self.codecs = codecs or []


class Ping:
    """Answered by `pong`."""

    __slots__ = ()


class Unknown:
    """A message of a type that this end does not serve."""

    __slots__ = ("type",)

    def __init__(self, type_: str) -> None:
        self.type = type_


def decode_message(body: bytes) -> Message:
    """Read a frame's body as a message from the host.

    Bytes in their wire form become `bytes` here; what cannot be read is told in the call's
    `problem`.

    Raises:
        MalformedFrameError: when the body is none.
    """
    fields = parse_body(body)
    if type(fields) is not dict:
        raise MalformedFrameError(f"the frame's body is {_kind(fields)}, not an object")
    kind = _text(fields, "type")
    if kind == "call":
        return _decode_call(fields, body)
    if kind == "ping":
        return Ping()
    if kind == "define":
        return decode_define(fields)
    if kind == "accept":
        return _decode_accept(fields)
    return Unknown(kind)


def parse_body(body: bytes) -> Any:
    """Read the JSON text of a frame.

    Raises:
        MalformedFrameError: when it is none.
    """
    try:
        text = body.decode("utf-8")
        if len(text) < LARGE_BYTES:
            return parse_json(text)
        from pyferry.wholesale import without_collector

        return without_collector(parse_json, text)
    except RecursionError:
        raise MalformedFrameError("the frame's body is nested too deeply to be read") from None
    except ValueError as error:
        raise MalformedFrameError(f"the frame's body is not JSON: {error}") from None


def _decode_call(fields: dict[str, Any], body: bytes) -> Call:
    if "args" not in fields:
        raise MalformedFrameError("a call has no field args")
    call = Call(_text(fields, "callID"), _text(fields, "func"), [fields["args"]])
    spread = fields.get("spread")
    if spread is not None:
        if type(spread) is not dict:
            raise MalformedFrameError(f"the field spread is {_kind(spread)}, not an object")
        args, kwargs = spread.get("args"), spread.get("kwargs")
        if type(args) is not list or type(kwargs) is not dict:
            raise MalformedFrameError(
                "the field spread is not of the form { args: [], kwargs: {} }"
            )
        call.is_spread = True
        call.args = args
        call.kwargs = kwargs
    # Hardly any call carries bytes, and looking for the mark is cheaper than walking the arguments.
    if BYTES_MARK in body or b"\\u" in body:
        _revive_arguments(call)
    return call


def _revive_arguments(call: Call) -> None:
    from pyferry.values import from_wire

    try:
        if call.is_spread:
            call.args = from_wire(call.args, "args")
            call.kwargs = {
                name: from_wire(value, "kwargs", (name,)) for name, value in call.kwargs.items()
            }
        else:
            call.args = [from_wire(call.args[0], "args")]
    except UnserializableError as problem:
        call.args = []
        call.kwargs = {}
        call.problem = problem


def _decode_accept(fields: dict[str, Any]) -> Accept:
    protocol, is_strict = fields.get("protocol"), fields.get("strictValues")
    if type(protocol) is not int or protocol < 0:
        raise MalformedFrameError(f"the field protocol is {_kind(protocol)}, not an integer")
    if type(is_strict) not in (bool, type(None)):
        raise MalformedFrameError(f"the field strictValues is {_kind(is_strict)}, not a boolean")
    max_result = fields.get("maxResultBytes")
    if max_result is not None and (type(max_result) is not int or max_result < 0):
        kind = _kind(max_result)
        raise MalformedFrameError(f"the field maxResultBytes is {kind}, not an integer")
    spin_us = fields.get("spinUs")
    if spin_us is not None and (type(spin_us) is not int or not 0 <= spin_us <= MAX_SPIN_US):
        expected = f"an integer from 0 to {MAX_SPIN_US}"
        raise MalformedFrameError(f"the field spinUs is {_kind(spin_us)}, not {expected}")
    return Accept(
        protocol,
        is_strict=bool(is_strict),
        max_result=max_result,
        spin_us=spin_us or 0,
        values=read_values(fields) or VALUES[0],
        codecs=_texts(fields, "codecs"),
    )


def read_values(fields: dict[str, Any]) -> str | None:
    """Read how results are wanted; `None` when that is not said."""
    values = fields.get("values")
    if values is not None and values not in VALUES:
        raise MalformedFrameError(f"the field values is neither of {' and '.join(VALUES)}")
    return values


def decode_define(fields: dict[str, Any]) -> Define:
    """Read the fields of a define."""
    define = Define(_text(fields, "opID"), _text(fields, "code"))
    parts = fields.get("parts")
    if parts is not None:
        if type(parts) is not list or any(type(part) is not dict for part in parts):
            raise MalformedFrameError("the field parts is not a list of { name, code }")
        define.parts = [(_text(part, "name"), _text(part, "code")) for part in parts]
    define.modules = _texts(fields, "modules")
    define.import_paths = _texts(fields, "importPaths")
    expose = fields.get("expose")
    if expose is None or expose in ("all", "own"):
        define.expose = expose
    elif type(expose) is list:
        define.expose = _texts(fields, "expose")
    else:
        raise MalformedFrameError('the field expose is not "all", "own" or a list of names')
    return define


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if type(value) is not str:
        raise MalformedFrameError(f"the field {name} is {_kind(value)}, not a string")
    return value


def _texts(fields: dict[str, Any], name: str) -> list[str] | None:
    values = fields.get(name)
    if values is None:
        return None
    if type(values) is not list or any(type(value) is not str for value in values):
        raise MalformedFrameError(f"the field {name} is not a list of strings")
    return values


def _kind(value: object) -> str:
    """Name a JSON value's kind as JSON does."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null or absent" if value is None else names.get(type(value), "a number")


PONG = '{"type":"pong"}'


def encode_ready(pid: int, version: str, implementation: str, protocol: int | None) -> str:
    """Write the first message of a worker."""
    fields: dict[str, Any] = {
        "type": "ready",
        "features": FEATURES,
        "pid": pid,
        "pythonVersion": version,
        "implementation": implementation,
    }
    if protocol is not None:
        fields["protocol"] = protocol
    return write_json(fields)


def encode_returned(call_id: str, result: str) -> str:
    """Write the answer to a call that returned.

    Args:
        call_id: which one.
        result: the value, already written as JSON.
    """
    return f'{{"type":"call_done","callID":{quote(call_id)},"ok":true,"result":{result}}}'


def encode_failed(call_id: str, failure: dict[str, Any]) -> str:
    """Write the answer to a call that failed; `failure` as `describe_failure` returns it."""
    return write_json({"type": "call_done", "callID": call_id, "ok": False, **failure})


def encode_op_done(op_id: str, failure: dict[str, Any] | None) -> str:
    """Write the answer to a define."""
    return write_json({"type": "op_done", "opID": op_id, "ok": failure is None, **(failure or {})})


def encode_error(error_type: str, message: str) -> str:
    """Write what tells the host that its bytes or their meaning are not understood."""
    return write_json({"type": "error", "errorType": error_type, "errorMessage": message})
