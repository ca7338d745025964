"""What functions that run in a pyferry worker may import.

Outside a worker everything here is harmless, so that the same file can be run, tested and edited on
its own.
"""

from __future__ import annotations

from pyferry.exposing import expose
from pyferry.mainthread import main_thread

__all__ = ["__version__", "expose", "main_thread"]

__version__ = "0.0.0"
