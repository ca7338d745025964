"""Results in their plain forms (contract D-3, `values: 'json'`): JSON alone, and no marks.

For those who hand a result on as JSON. What JSON has no form for at all is refused as it is in the
base protocol, rather than changed. Imported at the first result that is wanted so.
"""

from __future__ import annotations

from pyferry.marking import Marking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["PlainForms"]


class PlainForms(Marking):
    """Marks nothing and attaches nothing: the rules for foreign types see `is_plain`."""

    __slots__ = ()

    is_plain = True

    def mark(self, _kind: str | list[str]) -> None:  # noqa: D102 - of `Walk`, as those below
        return

    def leave(self, items: list[Any], mark: str) -> Any:  # noqa: D102
        if mark != "map":
            return items
        made: dict[str, Any] = {}
        for key, value in items:
            name = str(key) if type(key) is int else key
            if type(name) is not str:
                raise self.refusal(f"a key that is {key!r:.40}, where JSON has only strings")
            if name in made:
                raise self.refusal(f"two keys that are {name!r:.40} in JSON")
            made[name] = value
        return made

    def replace_integer(self, _value: int) -> NoReturn:  # noqa: D102
        raise self.refusal("an integer beyond ±(2^53−1); send it as a string")

    def replace_float(self, value: float) -> NoReturn:  # noqa: D102
        raise self.refusal(f"{value!r}, which JSON does not have; send None or a string")

    def replace_bytes(self, value: bytes) -> Any:  # noqa: D102
        from pyferry.values import write_bytes

        return write_bytes(value)

    def begin_map(self, _key: object) -> None:  # noqa: D102
        return
