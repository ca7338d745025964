"""Frames on their way out (contract V-17, W-1): whole, in order, many in one write."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from pyferry.output import Output
from pyferry.parcels import Large

if TYPE_CHECKING:
    pass


def test_what_waits_is_written_at_once(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-1: one write for all frames of a chunk."""
    writes = []
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append((fd, bytes(data))) or len(data))
    output = Output(pipe[1], 1 << 26)
    for frame in (b"one", b"two", b"three"):
        output.add(frame)
    assert output.needs_flush
    output.flush()

    assert writes == [(pipe[1], b"onetwothree")]
    assert not output.needs_flush


def test_a_partial_write_is_continued(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-1: a socket takes what it has room for."""
    taken = b""

    def write_some(_: int, data: bytes) -> int:
        nonlocal taken
        taken += bytes(data[:3])
        return len(data[:3])

    monkeypatch.setattr(os, "write", write_some)
    output = Output(pipe[1], 1 << 26)
    output.add(b"0123456789")
    output.flush()

    assert taken == b"0123456789"


def test_a_large_answer_goes_whole_whatever_user_code_does_to_sockets() -> None:
    """V-17, D-4: a socket made ready for more still waits for who reads."""
    ends = socket.socketpair()
    before = ends[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    output = Output(ends[0].fileno(), 1 << 26)
    value = bytes(range(256)) * 8192
    socket.setdefaulttimeout(0.001)
    try:
        sender = threading.Thread(
            target=output.send, args=(Large(b"[[0,0]]", [memoryview(value)], 1024, 1 << 26),)
        )
        sender.start()
        # It is stuck by now, or will be: nobody reads.
        sender.join(0.05)
        assert sender.is_alive()
    finally:
        socket.setdefaulttimeout(None)
    received = b""
    while len(received) < len(value):
        received += ends[1].recv(1 << 20)
    sender.join()

    assert ends[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > before
    assert os.get_blocking(ends[0].fileno())
    for end in ends:
        end.close()


def test_threads_never_write_one_frame_into_another(pipe: tuple[int, int]) -> None:
    """W-1: frames larger than the pipe, from eight threads, each thread's in its order."""
    output = Output(pipe[1], 1 << 26)
    count, size = 40, 100_000

    def write(number: int) -> None:
        for index in range(count):
            output.add(bytes([number, index]) * (size // 2))
            output.flush()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    data = bytearray()
    while len(data) < 8 * count * size:
        data += os.read(pipe[0], 1 << 20)
    for thread in threads:
        thread.join()

    seen: dict[int, list[int]] = {number: [] for number in range(8)}
    for start in range(0, len(data), size):
        frame = data[start : start + size]
        assert frame == frame[:2] * (size // 2)
        seen[frame[0]].append(frame[1])
    assert seen == {number: list(range(count)) for number in range(8)}


def test_a_thread_does_not_wait_for_another_that_is_writing(pipe: tuple[int, int]) -> None:
    """W-1: it leaves its frame to that one, and `drain` waits for both."""
    output = Output(pipe[1], 1 << 26)
    first = b"a" * 1_000_000
    output.add(first)
    writer = threading.Thread(target=output.flush)
    writer.start()
    data = os.read(pipe[0], 1)
    # The first byte is out, and the pipe holds far less than the frame: the writer is blocked.
    output.add(b"b")
    output.flush()
    assert not output.needs_flush
    while len(data) <= len(first):
        data += os.read(pipe[0], 1 << 20)
    writer.join()
    output.drain()

    assert data == first + b"b"
