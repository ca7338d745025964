"""MessagePack in place of JSON text, for large bodies (NEGOTIATED.md, "MessagePack").

Only where the environment has a codec that is written in C: one in Python is slower than JSON. It
is imported when the first large body comes or goes, and so is this module.
"""

from __future__ import annotations

from pyferry.errors import MalformedFrameError
from pyferry.wholesale import without_collector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Pack = Callable[[Any], bytes]
    Unpack = Callable[[bytes], Any]

__all__ = ["Codec", "find_codec", "is_packed", "try_load"]


def is_packed(body: bytes) -> bool:
    """Tell whether messages are MessagePack, by the first byte, which is that of an array."""
    first = body[0] if body else 0
    return 0x90 <= first <= 0x9F or first in (0xDC, 0xDD)


class Codec:
    """One that the environment has."""

    __slots__ = ("_pack", "_unpack")

    def __init__(self, pack: Pack, unpack: Unpack) -> None:
        self._pack = pack
        self._unpack = unpack

    def pack(self, value: object) -> bytes | None:
        """Return what `is_plain` has let through as bytes.

        `None` for what it cannot hold: integers beyond 64 bits, lone surrogates, nesting that is
        deep for it.
        """
        try:
            return self._pack(value)
        except Exception:
            return None

    def unpack(self, body: bytes) -> Any:
        """Read one value.

        Raises:
            MalformedFrameError: when it is none.
        """
        try:
            return without_collector(self._unpack, body)
        except Exception as error:
            problem = f"{type(error).__name__} {error}"
            raise MalformedFrameError(f"the messages are not MessagePack: {problem}") from None


SOUND_ORMSGPACK = (1, 13, 1)
"""Before it lengths were believed that are only announced, and bytes that break off could end the
process."""

_found: list[Codec | None] = []


def find_codec() -> Codec | None:
    """Return the first of those known that is there; looks once."""
    if not _found:
        # The quicker one first, see docs/performance.md.
        _found.append(try_load("ormsgpack") or try_load("msgpack"))
    return _found[0]


_SAMPLE = [0, 2**53, -1, 0.5, "ü", None, True, {"a": [], "b": {}}]


def try_load(name: str) -> Codec | None:
    """Return a codec if it is there, is written in C, and does what is asked of it."""
    try:
        pack, unpack = _load_ormsgpack() if name == "ormsgpack" else _load_msgpack()
        if unpack(pack(_SAMPLE)) == _SAMPLE:
            return Codec(pack, unpack)
    except Exception:
        # Absent, something else of that name, or too old.
        return None
    return None


def _load_ormsgpack() -> tuple[Pack, Unpack]:
    from ormsgpack import __version__, packb, unpackb

    if tuple(map(int, __version__.split(".")[:3])) < SOUND_ORMSGPACK:
        raise ImportError(f"ormsgpack {__version__} is not sound")
    return packb, unpackb


def _load_msgpack() -> tuple[Pack, Unpack]:
    from msgpack._cmsgpack import Packer, unpackb  # type: ignore[import-untyped]

    def pack(value: object) -> bytes:
        # One that is kept would keep its buffer too.
        return bytes(Packer().pack(value))

    def unpack(body: bytes) -> Any:
        # The hook is not asked about timestamps, which are an extension with a size.
        return unpackb(body, ext_hook=_refuse_extension, max_ext_len=0)

    return pack, unpack


def _refuse_extension(code: int, _data: bytes) -> NoReturn:
    raise ValueError(f"an extension of the type {code}")
