"""Values to their wire form and the marks beside it (NEGOTIATED.md, "Values and their marks").

Where JSON lacks something, something that JSON has stands in its place; what it means is told
beside the value, never in it. What is not even of a plain type is the affair of `foreign.py`, which
is imported when the first one is met.
"""

from __future__ import annotations

from pyferry.walk import MAX_SAFE_INTEGER, ManyItems, Walk, convert

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union

    from pyferry.walk import Replaced

    Mark = list[Any]
    Attachment = Union[bytes, memoryview]
    Marked = tuple[Any, Optional[list[Mark]], Optional[list[Attachment]]]

__all__ = ["Marking", "to_marked"]

ATTACHED_KINDS = ("bytes", "array", "arrow")
"""Marks whose place names an attachment."""

MAX_DECIMAL_BITS = 2048
"""617 digits. `str` and `int` may be set up to refuse more than 640: they take more than linear
time."""


def to_marked(
    value: Any,
    *,
    is_strict: bool,
    is_plain: bool = False,
    root: str = "result",
    room: int | None = None,
) -> Marked:
    """Return `value` in its wire form, its marks, and its attachments, numbered from 0.

    Args:
        value: any object; not mutated, and parts of it may be returned as they are. Attachments may
            be views of its memory.
        is_strict: whether what no rule carries is refused, rather than sent as its `repr`.
        is_plain: whether everything is to have the form that JSON has for it, without marks.
        root: what paths begin with.
        room: how many items may be walked through one by one while none of them needs a mark; for
            `None`, as many as there are.

    Raises:
        UnserializableError: for what cannot be carried, with its path.
        ManyItems: for more items than there is room for.
        BaseException: whatever a method of the user's raised.
    """
    kind = type(value)
    if value is None or kind is bool or (kind is str and value.isascii()):
        return value, None, None
    if kind is int and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value, None, None
    make: type[Marking] = Marking
    if is_plain:
        from pyferry.plainforms import PlainForms as make  # noqa: N813
    walk = make(root, is_strict=is_strict)
    if room is not None:
        walk.room = room
    wire = convert(value, walk)
    return wire, walk.marks or None, walk.attachments or None


class Marking(Walk):
    """Gathers marks and attachments, in the order in which the walk leaves what they belong to.

    Attributes:
        is_strict: whether what no rule carries is refused.
        is_plain: whether JSON is to be all: nothing is marked or attached then.
    """

    __slots__ = ("attachments", "is_strict", "marks")

    is_plain = False

    def __init__(self, root: str, *, is_strict: bool) -> None:
        """Begin at the root."""
        super().__init__(root)
        self.is_strict = is_strict
        self.marks: list[Mark] = []
        self.attachments: list[Attachment] = []

    def mark(self, kind: str | list[str]) -> None:  # noqa: D102 - of `Walk`, as those below
        self.marks.append([self.keys(), kind])

    def overflow(self) -> None:  # noqa: D102
        # Where one needs a mark others will.
        if not self.marks:
            raise ManyItems
        super().overflow()

    def attach(self, data: Attachment) -> int:
        """Take an attachment and return its index; the mark that names it must follow."""
        self.attachments.append(data)
        return len(self.attachments) - 1

    def replace(self, value: Any) -> Replaced:  # noqa: D102
        kind = type(value)
        if kind is set or kind is frozenset:
            return list(value), "set"
        from pyferry.foreign import replace_foreign

        return replace_foreign(value, self)

    def replace_integer(self, value: int) -> str:  # noqa: D102
        self.mark("int")
        return write_integer(value)

    def replace_float(self, value: float) -> str:  # noqa: D102
        self.mark("float")
        return repr(value)

    def replace_bytes(self, value: bytes) -> int:  # noqa: D102
        index = self.attach(value)
        self.mark("bytes")
        return index

    def begin_map(self, _key: object) -> None:  # noqa: D102
        # The keys before it were strings: what is marked below them is about to be met again.
        here, marks = self.keys(), self.marks
        while marks and len(marks[-1][0]) > len(here) and marks[-1][0][: len(here)] == here:
            if marks.pop()[1] in ATTACHED_KINDS:
                self.attachments.pop()


def write_integer(value: int) -> str:
    """Write decimal digits; a very long integer in hexadecimal, see NEGOTIATED.md."""
    return hex(value) if value.bit_length() > MAX_DECIMAL_BITS else str(value)
