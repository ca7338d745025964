"""Classes that their user has taught to travel (contract D-3): `pyferry.register_codec`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional, TypeVar

    T = TypeVar("T")
    Encoding = tuple[Callable[[Any], Any], Optional[str]]

__all__ = ["decodings", "encodings", "register_codec", "rules"]

_NEVER_ASKED = frozenset(
    {object, str, type(None), bool, int, float, bytes, dict, list, tuple, set, frozenset}
)
"""Most values are of these, and are judged many at a time; subclasses of them may have a codec."""

encodings: dict[type, Encoding] = {}
"""By class: what is sent in place of an instance, and the name that the other side knows it by."""

decodings: dict[str, Callable[[Any], Any]] = {}
"""By name: what a value that came with it is read by."""

rules: dict[type, Any] = {}
"""Of `foreign.py`: what it has decided by class, which a codec may change."""


def register_codec(
    cls: type[T],
    encode: Callable[[T], Any] | None = None,
    *,
    name: str | None = None,
    decode: Callable[[Any], T] | None = None,
) -> None:
    """Teach instances of a class to travel; comes before every other rule.

    Args:
        cls: the class; those below it that have no codec of their own go by this one too.
        encode: returns what is sent in place of an instance; itself converted. Default: the class
            is sent as it would be without a codec.
        name: what both sides call it. Without one, what is sent is all that arrives.
        decode: makes a value of what came from JavaScript with this name.

    A class that is registered again has the new codec from then on, and so has a name. What either
    function raises fails that call, with the path to the value.

    Raises:
        TypeError: for what is no class, or no function; for plain types, `int` and `list` among
            them; when neither function is given, or `decode` without a name.
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_codec: cls must be a class, not {cls!r}")
    if cls in _NEVER_ASKED:
        raise TypeError(
            f"register_codec: {cls.__qualname__} is a plain type, and always goes as it is"
        )
    for argument, function in (("encode", encode), ("decode", decode)):
        if function is not None and not callable(function):
            raise TypeError(f"register_codec: {argument} must be a function, not {function!r}")
    if name is not None and (not isinstance(name, str) or not name):
        raise TypeError(f"register_codec: name must be a text that is not empty, not {name!r}")
    if encode is None and decode is None:
        raise TypeError("register_codec: encode or decode must be given")
    if decode is not None and name is None:
        raise TypeError("register_codec: decode needs a name, by which JavaScript marks the value")
    if encode is not None:
        encodings[cls] = (encode, name)
    if decode is not None and name is not None:
        decodings[name] = decode
    rules.clear()
