"""W-4: whatever a host says to a worker process, it answers in whole frames and ends.

With 0, or with 1 after it has said why. Here for a moment; `pnpm fuzz` runs it for minutes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import DEADLINE_SECONDS, Host
from pyferry.parcels import ATTACHED, IS_PARCEL, PARCEL, PIECE
from test_fuzz import (
    DAMAGES,
    ERRORS,
    EXAMPLES,
    FRAMES,
    LIMIT,
    damage_bytes,
    damage_frames,
    framed,
)
from test_negotiated import read

PEAK_BYTES = 1 << 30
"""Of a worker: far above what it needs, far below the sizes that are announced to it. The system
counts in what the process was that started it."""

ACCEPT = framed(b'{"type":"accept","protocol":1,"codecs":["msgpack"]}')
DEFINE = framed(b'[["define","d",{"code":"def f(*args, **kwargs): return [args, kwargs]"}]]')


@settings(
    max_examples=max(1, EXAMPLES // 20), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.lists(FRAMES, min_size=1, max_size=4), DAMAGES, st.booleans(), st.sampled_from([1, 3]))
def test_a_worker_that_hears_garbage_tells_and_ends(
    conversation: list[list[bytes]], damages: list[Any], is_sound_at_first: bool, threads: int
) -> None:
    """W-4, D-4: it neither crashes nor hangs, and takes no memory for what was only announced."""
    begin = [ACCEPT, DEFINE]
    frames = [frame for each in conversation for frame in each]
    if not is_sound_at_first:
        begin, frames = [], begin + frames
    for damage in damages:
        frames = damage_frames(frames, *damage)
    data = b"".join(frames)
    for damage in damages:
        data = damage_bytes(data, *damage)

    code, heard, stderr, peak = serve(b"".join(begin) + data, threads)

    assert code in (0, 1), stderr
    assert "Traceback" not in stderr
    assert peak < PEAK_BYTES
    told = [error for body in bodies_of(heard) for error in errors_of(body)]
    # What runs beside it may still answer after it.
    assert (code == 1) == any(error in ERRORS for error in told), told
    if is_sound_at_first and read([data], LIMIT)[2] is not None:
        assert code == 1


def serve(data: bytes, threads: int) -> tuple[int, bytes, str, int]:
    """Say `data` to a worker; return its exit status, all it said, its stderr, its peak memory."""
    with tempfile.TemporaryFile() as stderr:
        host = Host("fd", threads, ("--max-frame-bytes", str(LIMIT)), stderr=stderr)
        try:
            ready = host.receive()
            assert ready is not None
            # It may say more than fits in a pipe before it has heard all, and leave before that.
            writer = threading.Thread(target=say, args=(host, data))
            writer.start()
            heard = host.read_all()
            writer.join(DEADLINE_SECONDS)
            late = threading.Timer(DEADLINE_SECONDS, host.process.kill)
            late.start()
            _, status, usage = os.wait4(host.process.pid, 0)
            late.cancel()
            host.process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            host.stop()
        stderr.seek(0)
        text = stderr.read().decode(errors="replace")
    unit = 1 if sys.platform == "darwin" else 1024
    return host.process.returncode, heard, text, usage.ru_maxrss * unit


def say(host: Host, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        host.write(data)
    host.end_input()


def bodies_of(data: bytes) -> list[bytes]:
    bodies = []
    while data:
        size = int.from_bytes(data[:4], "big")
        assert 4 <= len(data) >= 4 + size, "the stream ended inside a frame"
        assert size <= LIMIT
        bodies.append(data[4 : 4 + size])
        data = data[4 + size :]
    return bodies


def errors_of(body: bytes) -> list[str]:
    """Return the types of the errors that a body of either protocol tells."""
    if body[0] in (PARCEL, PIECE):
        return []
    if body[0] == ATTACHED:
        head = 8 + 4 * int.from_bytes(body[1:4], "big")
        size = int.from_bytes(body[head - 4 : head], "big")
        # A text that is a parcel itself is a result's.
        body = b"[]" if size >= IS_PARCEL else body[head : head + size]
    said = json.loads(body)
    if isinstance(said, dict):
        return [said["errorType"]] if said["type"] == "error" else []
    return [message[1] for message in said if message[0] == "error"]
