"""The functions' home: runs the sources and imports the modules that a define brings.

Sources run in one module object that is registered under a name, so that pickling, dataclasses and
`get_type_hints` find their classes again. A define is all or nothing: everything is compiled before
anything runs, and after a failure the namespace holds what it held before. Modules that were
imported stay imported, as in Python itself, but are not callable.
"""

from __future__ import annotations

import sys

from pyferry.targets import Targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from pyferry.messages import Define
    from pyferry.targets import Expose

__all__ = ["SOURCES_MODULE", "Namespace"]

SOURCES_MODULE = "__sources__"


class Namespace:
    """Sources, modules, and the names by which they are called.

    Attributes:
        targets: finds the functions.
        sources: text by file name, of every source whose code may still run.
    """

    __slots__ = ("_defines", "_expose", "_module", "_modules", "sources", "targets")

    def __init__(self) -> None:
        module = type(sys)(SOURCES_MODULE)
        sys.modules[SOURCES_MODULE] = module
        self._module = module
        self._modules: dict[str, tuple[ModuleType, bool]] = {}
        self._expose: Expose = "all"
        self._defines = 0
        self.sources: dict[str, str] = {}
        self.targets = Targets(module)

    def define(self, message: Define) -> None:
        """Bring in what `message` holds.

        Raises:
            BaseException: whatever the user's code raised, `SyntaxError` among it.
        """
        parts = message.parts
        if parts is None:
            self._defines += 1
            # Its own name for each, or the traceback of an earlier one would show a later one's
            # lines.
            name = "<define>" if self._defines == 1 else f"<define {self._defines}>"
            parts = [(name, message.code)]
        # Kept in any case: a failure's traceback shows them too.
        self.sources.update(parts)
        compiled = [compile(code, name, "exec", dont_inherit=True) for name, code in parts]

        namespace = vars(self._module)
        names_before, path_before = dict(namespace), list(sys.path)
        modules = dict(self._modules)
        expose = self._expose
        if message.expose is not None:
            expose = (
                message.expose if isinstance(message.expose, str) else frozenset(message.expose)
            )
        try:
            if message.import_paths:
                ahead = list(dict.fromkeys(message.import_paths))
                sys.path[:] = ahead + [path for path in path_before if path not in ahead]
            for module_name in message.modules or ():
                name, module, is_direct = _import(module_name)
                modules[name] = (module, is_direct)
            for code in compiled:
                exec(code, namespace)
            self.targets.change(modules, expose)
        except BaseException:
            namespace.clear()
            namespace.update(names_before)
            sys.path[:] = path_before
            self.targets.change(self._modules, self._expose)
            raise
        self._modules = modules
        self._expose = expose


def _import(name: str) -> tuple[str, ModuleType, bool]:
    """Import a module by its name or by the path of its file.

    Returns:
        The name it is reached by, the module, and whether its names are reached directly too.
    """
    if "/" in name or "\\" in name or name.endswith(".py"):
        from pyferry.filemodules import import_file

        module = import_file(name)
        return module.__name__, module, True
    __import__(name)
    return name, sys.modules[name], False
