# /// script
# requires-python = ">=3.9"
# dependencies = ["astral==3.2"]
# ///
"""When the sun rises. Also a program of its own: `uv run sunrise.py`."""

from datetime import date

from astral import Observer
from astral.sun import sun


def sunrise(latitude, longitude, day):
    """Sunrise and sunset, in universal time."""
    times = sun(Observer(latitude, longitude), date=date.fromisoformat(day))
    return {name: times[name].strftime("%H:%M") for name in ("sunrise", "sunset")}


if __name__ == "__main__":
    print(sunrise(64.15, -21.94, date.today().isoformat()))
