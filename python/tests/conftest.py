"""What the tests share: hosts that are stopped, and a way to hold a call until the test says so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from host import Host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def start() -> Iterator[Callable[..., Host]]:
    """Start workers; each has said `ready` when it is given, and is gone after the test."""
    hosts: list[Host] = []

    def start_one(way: str = "fd", **options: Any) -> Host:
        host = Host(way, **options)
        hosts.append(host)
        ready = host.receive()
        assert ready is not None
        assert ready["type"] == "ready"
        return host

    yield start_one
    for host in hosts:
        host.stop()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of one, closed after the test."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture(params=["fd", "stdio", "unix", "tcp"])
def way(request: pytest.FixtureRequest) -> str:
    """Every way to start a worker (W-5)."""
    return str(request.param)


class Holder:
    """Holds calls of `hold()` in a worker until released.

    Attributes:
        code: what defines `hold` in a worker.
        descriptors: what the worker must inherit.
    """

    def __init__(self) -> None:
        self._held_read, held_write = os.pipe()
        release_read, self._release_write = os.pipe()
        self.descriptors = (held_write, release_read)
        self.code = (
            f"import os\ndef hold(value=None):\n    os.write({held_write}, b'h')\n"
            f"    os.read({release_read}, 1)\n    return value\n"
        )

    def wait_until_held(self, count: int = 1) -> None:
        for _ in range(count):
            assert os.read(self._held_read, 1) == b"h"

    def release(self, count: int = 1) -> None:
        os.write(self._release_write, b"r" * count)

    def close(self) -> None:
        for descriptor in (self._held_read, self._release_write, *self.descriptors):
            os.close(descriptor)


@pytest.fixture
def holder() -> Iterator[Holder]:
    held = Holder()
    yield held
    held.close()
