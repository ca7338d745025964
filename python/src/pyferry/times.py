"""Dates, times and durations to what stands for them (contract D-1, D-3).

A moment that knows its zone is a date. What has no zone names no moment, and goes as ISO 8601 text,
and so does a length of time: as exactly as it was told, to the attosecond for numpy's.
"""

from __future__ import annotations

from pyferry.walk import LEAF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyferry.marking import Marking
    from pyferry.walk import Replaced

__all__ = ["replace_datetime", "replace_numpy_time", "replace_time", "replace_timedelta"]

_SECONDS = {"W": 604800, "D": 86400, "h": 3600, "m": 60, "s": 1}

_DIGITS = {"ms": 3, "us": 6, "ns": 9, "ps": 12, "fs": 15, "as": 18}
"""Behind the point of a second, for numpy's units below it."""


def replace_datetime(value: Any, walk: Marking) -> Replaced:
    """Take a datetime for a date if it has a zone, else for text; pandas' `NaT` for `None`."""
    if value != value:
        return None, None
    if walk.is_plain or value.utcoffset() is None:
        return value.isoformat(), None
    import datetime

    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    milliseconds = (value - epoch) // datetime.timedelta(milliseconds=1)
    walk.mark("date")
    return int(milliseconds), LEAF


def replace_time(value: Any, _walk: Marking) -> Replaced:
    """Write a time of day, or a day."""
    return value.isoformat(), None


def replace_timedelta(value: Any, _walk: Marking) -> Replaced:
    """Write a length of time; pandas' has nanoseconds."""
    microseconds = (value.days * 86400 + value.seconds) * 1_000_000 + value.microseconds
    nanoseconds = microseconds * 1000 + getattr(value, "nanoseconds", 0)
    return _write_duration(nanoseconds, 9), None


def replace_numpy_time(value: Any, walk: Marking) -> Replaced:
    """Write numpy's `datetime64`, which has no zone, or its `timedelta64`; `None` for `NaT`."""
    import numpy

    if numpy.isnat(value):
        return None, None
    if value.dtype.kind == "M":
        return str(value), None
    unit, step = numpy.datetime_data(value.dtype)
    count = int(value.astype("i8")) * step
    if unit in "YM":
        # How long they are depends on when they begin.
        return f"{'-' if count < 0 else ''}P{abs(count)}{unit}", None
    if unit in _SECONDS:
        return _write_duration(count * _SECONDS[unit], 0), None
    if unit in _DIGITS:
        return _write_duration(count, _DIGITS[unit]), None
    raise walk.refusal("a numpy.timedelta64 without a unit; send int(value)")


def _write_duration(count: int, digits: int) -> str:
    """Write so many tenths of tenths of a second; the sign in front, as most readers know it."""
    seconds, rest = divmod(abs(count), 10**digits)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{rest:0{digits}}".rstrip("0") if rest else ""
    day = f"{days}D" if days else ""
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction or not (day or time):
        time += f"{seconds}{fraction}S"
    return f"{'-' if count < 0 else ''}P{day}{'T' if time else ''}{time}"
