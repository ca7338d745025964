"""Sees that `threading` knows the main thread, whichever thread imports it first.

Before 3.13 it takes its first importer for the main thread. Importing it at every start would be
sure and cost 2.4 ms, a sixth of it, for programs that never have a second thread run their code; so
the first of those threads does it, and then tells it who is who. What it puts right is private and
the same in 3.9 to 3.12, none of which will change any more.
"""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MainIdent"]


class MainIdent:
    """Who the main thread is; made there."""

    __slots__ = ("_ident", "_native_id")

    def __init__(self) -> None:
        self._ident = get_ident()
        self._native_id: int | None = None
        if sys.version_info < (3, 13):
            try:
                from _thread import get_native_id
            except ImportError:
                # A platform without.
                return
            self._native_id = get_native_id()

    def import_threading(self) -> None:
        """Import it, in a thread that has run no code of the user's yet."""
        if sys.version_info >= (3, 13) or "threading" in sys.modules:
            return
        import threading

        main: Any = threading.main_thread()
        if main.ident == self._ident:
            # The main thread has begun to import it at the same moment.
            return
        active = vars(threading)["_active"]
        active.pop(main.ident, None)
        main._ident = self._ident  # noqa: SLF001
        main._native_id = self._native_id  # noqa: SLF001
        active[self._ident] = main
