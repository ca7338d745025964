"""Dates, times and durations on their way out (D-1, D-3)."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyferry.errors import UnserializableError
from test_marks import marked

SIZES = {"W": 7 * 86400, "D": 86400, "h": 3600, "m": 60, "s": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.timedelta64(1, "ns"), "PT0.000000001S"),
        (np.timedelta64(-90, "m"), "-PT1H30M"),
        (np.timedelta64(3, "W"), "P21D"),
        (np.timedelta64(1500, "as"), "PT0.0000000000000015S"),
        (np.timedelta64(0, "ms"), "PT0S"),
        (np.timedelta64(14, "M"), "P14M"),
        (np.timedelta64(-3, "Y"), "-P3Y"),
        (np.array(2, "m8[25s]")[()], "PT50S"),
        (pd.Timedelta(days=1, nanoseconds=7), "P1DT0.000000007S"),
        (datetime.timedelta(days=-1, microseconds=1), "-PT23H59M59.999999S"),
        (np.datetime64("2024-02-29"), "2024-02-29"),
        (np.datetime64("2024-02-29T12:00:00.000000001"), "2024-02-29T12:00:00.000000001"),
        (pd.Timestamp("2024-02-29 12:00:00.000000001"), "2024-02-29T12:00:00.000000001"),
        (pd.Period("2024-02"), "2024-02"),
    ],
)
def test_what_has_no_zone_is_iso_text(value: Any, text: str) -> None:
    """D-3: as exactly as it was told."""
    assert (text, [], []) == marked(value)


@pytest.mark.parametrize(
    "value", [pd.NaT, pd.NA, np.datetime64("NaT"), np.timedelta64("NaT", "s"), pd.Timedelta("NaT")]
)
def test_no_time_is_none(value: Any) -> None:
    """D-3: numpy's and pandas' ways to say that something is missing."""
    assert marked(value) == (None, [], [])


def test_a_moment_with_a_zone_is_a_date() -> None:
    """D-1: whatever the zone, and pandas' too."""
    zone = datetime.timezone(datetime.timedelta(hours=2))
    moment = datetime.datetime(1970, 1, 1, 2, 0, 1, tzinfo=zone)

    assert marked(moment) == (1000, [[[], "date"]], [])
    assert marked(pd.Timestamp(moment)) == (1000, [[[], "date"]], [])


def test_a_count_of_nothing_is_refused() -> None:
    """D-6: numpy's timedelta without a unit."""
    with pytest.raises(UnserializableError, match="without a unit") as caught:
        marked({"x": np.timedelta64(3)})

    assert caught.value.path == "result.x"


@given(st.integers(-(2**31), 2**31), st.sampled_from(sorted(SIZES)))
def test_numpy_and_python_write_the_same_duration(count: int, unit: str) -> None:
    """D-3: where both can hold it."""
    try:
        python = datetime.timedelta(seconds=count * SIZES[unit])
    except OverflowError:
        return

    assert marked(np.timedelta64(count, unit)) == marked(python)
