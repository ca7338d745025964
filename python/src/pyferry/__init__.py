"""What functions that run in a pyferry worker may import.

Outside a worker everything here is harmless, so that the same file can be run, tested and edited on
its own.
"""

from __future__ import annotations

from pyferry.exposing import expose
from pyferry.mainthread import main_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyferry.registry import register_codec

__all__ = ["__version__", "expose", "main_thread", "register_codec"]

__version__ = "0.0.0"


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: a worker starts without.
    if name == "register_codec":
        from pyferry.registry import register_codec

        return register_codec
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
