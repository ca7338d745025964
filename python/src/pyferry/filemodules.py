"""Modules from files, under their base name. Imported when the first one is asked for."""

from __future__ import annotations

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["import_file"]


def import_file(path: str) -> ModuleType:
    """Load a Python file as a module of its base name, registered for pickling; once per file.

    Args:
        path: of the file; its folder is not put on the import path.

    Raises:
        ImportError: when the name is taken by another module, and when there is no such file.
        BaseException: whatever the file itself raises.
    """
    path = os.path.abspath(path)
    name = os.path.splitext(os.path.basename(path))[0]
    present = sys.modules.get(name)
    if present is not None:
        if _is_from(present, path):
            return present
        origin = getattr(present, "__file__", None) or "built in"
        raise ImportError(
            f"{path} cannot be loaded as {name!r}: "
            f"a module of that name is imported already ({origin})"
        )
    if _is_of_the_library(name):
        raise ImportError(
            f"{path} cannot be loaded as {name!r}: it would hide the standard library's module"
        )
    if not os.path.isfile(path):
        raise ImportError(f"there is no file {path}")
    spec = spec_from_file_location(name, path) or spec_from_file_location(
        name, path, loader=SourceFileLoader(name, path)
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as a module")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _is_of_the_library(name: str) -> bool:
    names = getattr(sys, "stdlib_module_names", None)
    if names is not None:
        return name in names
    # Before 3.10 there is no list.
    library = os.path.join(os.path.dirname(os.__file__), name)
    return name in sys.builtin_module_names or any(map(os.path.exists, (library, f"{library}.py")))


def _is_from(module: ModuleType, path: str) -> bool:
    origin = getattr(module, "__file__", None)
    return isinstance(origin, str) and os.path.realpath(origin) == os.path.realpath(path)
