"""Exceptions to the failure fields of the wire (PROTOCOL.md, "Messages"; contract V-18).

Imported at the first failure: `traceback` and what it needs cost more than a whole start. Nothing
here may raise, whatever user code has done to its exceptions.
"""

from __future__ import annotations

import linecache
import os
import traceback

from pyferry.errors import (
    FrameTooLargeError,
    FunctionNotFoundError,
    UnserializableError,
    ValueTooLargeError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any

__all__ = ["MAX_CAUSES", "MAX_TRACEBACK_CHARACTERS", "describe_failure", "minimal_failure"]

MAX_CAUSES = 16

MAX_TRACEBACK_CHARACTERS = 64 * 1024
"""Of a traceback as text; beyond it the middle is left out. Nobody reads more."""

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep

_shown: dict[str, str] = {}
"""The sources that the line cache has."""

_BARE_MODULES = ("builtins", "__main__", "__sources__")


def describe_failure(error: BaseException, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the failure fields of `error`, its causes included.

    Args:
        error: as it was caught.
        sources: text by file name, for the lines that a traceback shows.
    """
    for name, code in sources.items():
        if _shown.get(name) is not code or name not in linecache.cache:
            # No modification time: `linecache.checkcache` then takes the entry for good.
            linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
            _shown[name] = code
    return _describe(error, MAX_CAUSES, {id(error)})


def minimal_failure(error: BaseException) -> dict[str, Any]:
    """Return the failure fields that are had without running any of the user's code."""
    return {"errorType": type(error).__name__, "errorMessage": "", "traceback": ""}


def _describe(error: BaseException, causes: int, seen: set[int]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "errorType": _text(_type_name(error)),
        "errorMessage": _message(error),
        "traceback": _traceback(error),
        "errorQualname": _text(_qualified_name(error)),
    }
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, (list, tuple)):
        fields["errorNotes"] = [_text(note) for note in notes if isinstance(note, str)]
    cause = _cause(error)
    if cause is not None and causes > 0 and id(cause) not in seen:
        seen.add(id(cause))
        fields["errorCause"] = _describe(cause, causes - 1, seen)
    if isinstance(error, FunctionNotFoundError):
        fields["errorKind"] = "function-not-found"
        fields["candidates"] = [_text(name) for name in error.candidates]
    elif isinstance(error, UnserializableError):
        fields["errorKind"] = "unserializable"
        fields["errorPath"] = _text(error.path)
    elif isinstance(error, (FrameTooLargeError, ValueTooLargeError)):
        is_frame = isinstance(error, FrameTooLargeError)
        fields["errorKind"] = "too-large" if is_frame else "value-too-large"
        fields["errorSize"] = error.size
        fields["errorLimit"] = error.limit
    return fields


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def _type_name(error: BaseException) -> str:
    return "NameError" if type(error) is FunctionNotFoundError else type(error).__name__


def _qualified_name(error: BaseException) -> str:
    if type(error) is FunctionNotFoundError:
        return "NameError"
    module, name = type(error).__module__, type(error).__qualname__
    return name if module in _BARE_MODULES or not isinstance(module, str) else f"{module}.{name}"


def _message(error: BaseException) -> str:
    try:
        return _text(str(error))
    except BaseException:
        return f"<{type(error).__name__} whose text cannot be had>"


def _traceback(error: BaseException) -> str:
    if type(error) is FunctionNotFoundError:
        return f"NameError: {_message(error)}\n"
    try:
        trimmed = _without_own_frames(error.__traceback__)
        text = "".join(traceback.format_exception(type(error), error, trimmed))
    except BaseException:
        return f"{type(error).__name__}: <its traceback cannot be had>\n"
    return _shortened(_text(text))


def _without_own_frames(trace: TracebackType | None) -> TracebackType | None:
    """Drop the frames above the user's first one: ours, and the import system's below ours."""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith((_OWN_FOLDER, "<frozen importlib")):
            break
        trace = trace.tb_next
    return trace


def _shortened(text: str) -> str:
    left_out = len(text) - MAX_TRACEBACK_CHARACTERS
    if left_out <= 0:
        return text
    half = MAX_TRACEBACK_CHARACTERS // 2
    return f"{text[:half]}\n… {left_out} characters left out …\n{text[-half:]}"


def _text(text: str) -> str:
    """Make lone surrogates visible: they are not Unicode, and no end has to accept them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
