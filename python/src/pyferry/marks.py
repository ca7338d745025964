"""What the marks beside a call's arguments mean (NEGOTIATED.md, "Values and their marks").

In two steps. `place_marks` finds the places and judges what stands there, when the frame is read: a
mark that means nothing makes the whole frame malformed. `Marked.revive` makes the values, when the
call runs: what it meets there (numpy to import, a key that cannot be hashed) is that call's affair.

Imported at the first mark.
"""

from __future__ import annotations

from pyferry.errors import MalformedFrameError, UnserializableError
from pyferry.walk import format_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Revive = Callable[[Any], Any]

__all__ = ["Attachments", "Marked", "place_marks"]

MAX_DIGITS = 640
"""Of a decimal integer; `int` reads so many however it is set up."""

MAX_DIMENSIONS = 64
"""That numpy has, and `memoryview`."""


_REVIVED = object()


class Attachments:
    """The attachments of a frame, each of which one mark names.

    Attributes:
        unnamed: how many no mark has named yet.
    """

    __slots__ = ("_parts", "unnamed")

    def __init__(self, parts: list[bytes | memoryview]) -> None:
        self._parts: list[bytes | memoryview | None] = [*parts]
        self.unnamed = len(parts)

    def take(self, index: object) -> bytes | memoryview:
        """Return the attachment of this index, once."""
        if type(index) is not int or not 0 <= index < len(self._parts):
            raise MalformedFrameError(f"{index!r:.40} is no index of an attachment")
        part = self._parts[index]
        if part is None:
            raise MalformedFrameError(f"two marks name the attachment {index}")
        self._parts[index] = None
        self.unnamed -= 1
        return part


class Marked:
    """The marked places of one call, inside first."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: list[tuple[Any, Any, Revive, Any, list[Any]]] = []

    def place(self, root: Any, path: Any, kind: Any, attachments: Attachments) -> None:
        """Find and judge one place. Until it is revived nothing in it can be marked any more."""
        prepare = _KINDS.get(kind) if type(kind) is str else None
        container = root
        for key in path[:-1]:
            container = _step(container, key)
        key = path[-1]
        content = _step(container, key)
        if prepare is not None:
            revive, content = prepare(content, attachments)
        else:
            revive = _codec_of(kind)
            last = self._places[-1] if self._places else None
            if last is not None and last[0] is container and last[1] == key:
                # What it is to read is what the mark before it makes.
                content = _REVIVED
        container[key] = None
        self._places.append((container, key, revive, content, path))

    def revive(self) -> None:
        """Put the values in their places.

        Raises:
            UnserializableError: for what Python cannot hold, with its path.
        """
        for container, key, revive, content, path in self._places:
            try:
                container[key] = revive(container[key] if content is _REVIVED else content)
            except (TypeError, ValueError, OverflowError) as error:  # noqa: PERF203
                root, keys = ("kwargs", path) if type(path[0]) is str else ("args", path)
                raise UnserializableError(format_path(root, keys), str(error)) from error.__cause__


def place_marks(
    args: list[Any], kwargs: dict[str, Any], marks: list[Any], attachments: Attachments
) -> Marked:
    """Find the places that `marks` name; their contents are taken out.

    Args:
        args: what a path that begins with an index leads into; owned by the caller.
        kwargs: what any other path leads into.
        marks: as they came.
        attachments: of the frame.

    Raises:
        MalformedFrameError: for a mark that means nothing.
    """
    marked = Marked()
    for mark in marks:
        if type(mark) is not list or len(mark) != 2:
            raise MalformedFrameError("a mark is not of the form [path, kind]")
        path, kind = mark
        if type(path) is not list or not path:
            raise MalformedFrameError("the path of a mark is not a list of keys, or empty")
        marked.place(args if type(path[0]) is int else kwargs, path, kind, attachments)
    return marked


def _step(container: Any, key: Any) -> Any:
    if type(container) is list:
        if type(key) is int and 0 <= key < len(container):
            return container[key]
    elif type(container) is dict and type(key) is str and key in container:
        return container[key]
    raise MalformedFrameError(f"the path of a mark leads nowhere at {key!r:.40}")


def _codec_of(kind: Any) -> Revive:
    """Return what reads a value of this codec: when it is not known here, as it is."""
    if type(kind) is not list or len(kind) != 2 or kind[0] != "codec" or type(kind[1]) is not str:
        raise MalformedFrameError(f"a mark of the kind {kind!r:.40}")
    name = kind[1]

    def revive(sent: Any) -> Any:
        from pyferry.registry import decodings

        decode = decodings.get(name)
        if decode is None:
            return sent
        try:
            return decode(sent)
        except Exception as error:
            raise ValueError(f"the codec {name!r} has failed: {error!r}") from error

    return revive


def _prepare_integer(text: Any, _attachments: Attachments) -> tuple[Revive, Any]:
    if type(text) is not str or not (_is_decimal(text) or _is_hexadecimal(text)):
        raise MalformedFrameError("what is marked as int is no integer as text")
    return _read_integer, text


def _prepare_float(text: Any, _attachments: Attachments) -> tuple[Revive, Any]:
    if type(text) is not str or not (text in ("nan", "inf", "-inf", "-0") or _is_decimal(text)):
        raise MalformedFrameError("what is marked as float is neither digits nor the name of one")
    return float, text


def _prepare_map(pairs: Any, _attachments: Attachments) -> tuple[Revive, Any]:
    if type(pairs) is not list or any(type(pair) is not list or len(pair) != 2 for pair in pairs):
        raise MalformedFrameError("what is marked as map is no array of pairs")
    return _make_map, pairs


def _prepare_set(items: Any, _attachments: Attachments) -> tuple[Revive, Any]:
    if type(items) is not list:
        raise MalformedFrameError("what is marked as set is no array")
    return _make_set, items


def _prepare_date(milliseconds: Any, _attachments: Attachments) -> tuple[Revive, Any]:
    if type(milliseconds) is not int:
        raise MalformedFrameError("what is marked as date is no integer")
    return _make_date, milliseconds


def _prepare_bytes(index: Any, attachments: Attachments) -> tuple[Revive, Any]:
    return bytes, attachments.take(index)


def _prepare_array(place: Any, attachments: Attachments) -> tuple[Revive, Any]:
    from pyferry.arrays import size_of_item

    if type(place) is not list or len(place) != 3:
        raise MalformedFrameError(
            "what is marked as array is not of the form [index, dtype, shape]"
        )
    index, dtype, shape = place
    size = size_of_item(dtype) if type(dtype) is str else None
    if size is None:
        raise MalformedFrameError(f"{dtype!r:.40} is no dtype of an array")
    if (
        type(shape) is not list
        or len(shape) > MAX_DIMENSIONS
        or any(type(n) is not int or n < 0 for n in shape)
    ):
        raise MalformedFrameError("the shape of an array is no array of sizes")
    data = memoryview(attachments.take(index))
    for length in shape:
        size *= length
    if size != len(data):
        raise MalformedFrameError(
            f"an array of dtype {dtype} and shape {shape} takes {size} bytes, not {len(data)}"
        )
    return _make_array, (data, dtype, shape)


def _prepare_arrow(index: Any, attachments: Attachments) -> tuple[Revive, Any]:
    return _make_table, attachments.take(index)


_KINDS: dict[str, Callable[[Any, Attachments], tuple[Revive, Any]]] = {
    "int": _prepare_integer,
    "float": _prepare_float,
    "map": _prepare_map,
    "set": _prepare_set,
    "date": _prepare_date,
    "bytes": _prepare_bytes,
    "array": _prepare_array,
    "arrow": _prepare_arrow,
}


_HEXADECIMAL = "0123456789abcdef"


def _is_decimal(text: str) -> bool:
    digits = text[1:] if text[:1] == "-" else text
    return len(digits) <= MAX_DIGITS and digits.isascii() and digits.isdigit() and digits[0] != "0"


def _is_hexadecimal(text: str) -> bool:
    digits = text[1:] if text[:1] == "-" else text
    return (
        digits[:2] == "0x" and digits[2:3] not in ("", "0") and not digits[2:].strip(_HEXADECIMAL)
    )


def _read_integer(text: str) -> int:
    return int(text, 16 if "x" in text else 10)


def _make_map(pairs: list[list[Any]]) -> dict[Any, Any]:
    made = {_as_key(key): value for key, value in pairs}
    if len(made) != len(pairs):
        raise ValueError("a map with keys that are one and the same in Python")
    return made


def _make_set(items: list[Any]) -> set[Any]:
    made = {_as_key(item) for item in items}
    if len(made) != len(items):
        raise ValueError("a set with elements that are one and the same in Python")
    return made


def _as_key(value: Any) -> Any:
    return tuple(map(_as_key, value)) if type(value) is list else value


def _make_date(milliseconds: int) -> Any:
    import datetime

    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return epoch + datetime.timedelta(milliseconds=milliseconds)


def _make_array(content: tuple[memoryview, str, list[int]]) -> Any:
    from pyferry.arrays import make_array

    return make_array(*content)


def _make_table(data: memoryview) -> Any:
    from pyferry.frames import make_table

    return make_table(data)
