"""Names to callables: what may be called from outside, and by which name (contract V-6).

Two kinds of places hold functions. The sources' namespace and each file module offer their names
directly; every module offers its names behind its own. A place whose module has marked functions
with `@pyferry.expose` offers those alone.

What is remembered of a name is the way to it, never the function: a global that is bound anew at
run time is seen by the next call.
"""

from __future__ import annotations

import builtins

from pyferry.errors import FunctionNotFoundError
from pyferry.exposing import mark_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any, Optional, Union

    Expose = Union[str, "frozenset[str]"]
    Way = tuple["Place", str, tuple[str, ...]]
    Marks = Optional[dict[str, "tuple[str, ...]"]]

__all__ = ["Place", "Targets"]


class Place:
    """A module and how its names are reached.

    Attributes:
        prefix: what stands before its names, with the dot; empty when they are reached directly.
        module: the module itself.
    """

    __slots__ = ("_marks", "module", "prefix")

    def __init__(self, prefix: str, module: ModuleType) -> None:
        self.prefix = prefix
        self.module = module
        self._marks: Marks = None
        self.look_for_marks()

    def look_for_marks(self) -> None:
        """Learn which functions the module has marked by now; also the methods of its classes."""
        module_name = self.module.__name__
        marks: dict[str, tuple[str, ...]] = {}
        for name, value in list(vars(self.module).items()):
            mark = mark_of(value, module_name)
            if mark is not None:
                marks[mark.name or name] = (name,)
            if not isinstance(value, type) or value.__module__ != module_name:
                continue
            for method_name, method in list(vars(value).items()):
                mark = mark_of(getattr(method, "__func__", method), module_name)
                if mark is not None:
                    marks[mark.name or f"{name}.{method_name}"] = (name, method_name)
        self._marks = marks or None

    def way_to(self, name: str, expose: Expose) -> tuple[str, ...] | None:
        """Return the attributes that lead from the module to what `name` calls, if it may."""
        if self._marks is not None:
            return self._way_to_marked(name)
        way = tuple(name.split("."))
        if expose == "own" and not self._is_own(way[0]):
            return None
        if isinstance(expose, frozenset):
            ends = [index for index, letter in enumerate(name) if letter == "."] + [len(name)]
            begins = {name[:end] for end in ends}
            if not any(begin in expose or self.prefix + begin in expose for begin in begins):
                return None
        return way

    def names(self, expose: Expose) -> Iterator[str]:
        """Give the names of what may be called, methods included, as they are written outside."""
        if self._marks is not None:
            yield from (self.prefix + name for name in self._marks)
            return
        for name, value in list(vars(self.module).items()):
            if name.startswith("_") or not callable(value) or self.way_to(name, expose) is None:
                continue
            yield self.prefix + name
            if isinstance(value, type) and value.__module__ == self.module.__name__:
                for method, function in list(vars(value).items()):
                    if not method.startswith("_") and callable(
                        getattr(function, "__func__", function)
                    ):
                        yield f"{self.prefix}{name}.{method}"

    def _way_to_marked(self, name: str) -> tuple[str, ...] | None:
        marks = self._marks or {}
        if name in marks:
            return marks[name]
        # A marked class brings its methods.
        head, dot, rest = name.partition(".")
        if dot and head in marks:
            return (*marks[head], *rest.split("."))
        return None

    def _is_own(self, name: str) -> bool:
        if name in getattr(self.module, "__all__", ()):
            return True
        value = vars(self.module).get(name)
        return getattr(value, "__module__", None) == self.module.__name__


class Targets:
    """All places, in the order in which they are asked."""

    def __init__(self, sources: ModuleType) -> None:
        """Begin with the sources' module alone; `change` is called after each change of it."""
        self._sources = sources
        self._expose: Expose = "all"
        self._places: list[Place] = []
        self._ways: dict[str, Way] = {}
        self.change({}, "all")

    def change(self, modules: dict[str, tuple[ModuleType, bool]], expose: Expose) -> None:
        """Offer these modules beside the sources, and forget what was remembered.

        Args:
            modules: by the name they are reached by; the flag says whether their names are reached
                directly too.
            expose: `"all"`, `"own"`, or the names that may be called.
        """
        places = [Place("", self._sources)]
        places += [Place("", module) for module, is_direct in modules.values() if is_direct]
        # The longest name first: `numpy.linalg` before `numpy`.
        for name in sorted(modules, key=len, reverse=True):
            places.append(Place(f"{name}.", modules[name][0]))
        self._places = places
        self._expose = expose
        self._ways = {}

    def find(self, name: str) -> Callable[..., Any]:
        """Return what `name` calls now.

        Raises:
            FunctionNotFoundError: with the closest existing names.
        """
        way = self._ways.get(name)
        if way is None:
            return self._search(name)
        place, first, rest = way
        function = getattr(place.module, first, None)
        if not rest and callable(function):
            return function  # type: ignore[no-any-return]
        function = _walk(way)
        if function is None:
            function = self._search(name)
        return function

    def _search(self, name: str) -> Callable[..., Any]:
        for attempt in range(2):
            for place in self._places:
                if attempt > 0:
                    # Marked since the last define, perhaps: by an import inside a function.
                    place.look_for_marks()
                if not name.startswith(place.prefix):
                    continue
                rest = name[len(place.prefix) :]
                if not _is_public(rest):
                    continue
                attributes = place.way_to(rest, self._expose)
                if attributes is None:
                    continue
                way = (place, attributes[0], attributes[1:])
                function = _walk(way)
                if function is not None:
                    self._ways[name] = way
                    return function
        raise self._not_found(name)

    def _not_found(self, name: str) -> FunctionNotFoundError:
        from difflib import get_close_matches

        names = {each for place in self._places for each in place.names(self._expose)}
        # Sorted, so that equally close ones come in the same order everywhere.
        candidates = get_close_matches(name, sorted(names), n=5, cutoff=0.5)
        message = f"no function named {name!r} can be called"
        if candidates:
            message += f"; did you mean {candidates[0]!r}?"
        return FunctionNotFoundError(message, candidates)


def _is_public(name: str) -> bool:
    return all(part and not part.startswith("_") for part in name.split("."))


def _walk(way: Way) -> Callable[..., Any] | None:
    place, first, rest = way
    value = getattr(place.module, first, None)
    for attribute in rest:
        if value is None or value is builtins:
            return None
        value = getattr(value, attribute, None)
    return value if callable(value) else None
