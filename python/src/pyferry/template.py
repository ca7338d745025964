"""A process that workers are forked from: everything is loaded once, and a worker is there at once.

Source: docs/forked-start.md. The host asks on a socket pair, a line of JSON each way; the worker
that is born goes on as if it had been started with the descriptors it has then.

    host                                    template
                              ◀──────────   {"ready": true}  or  {"failed": {…}}
      {"fork": 1, "cwd", …}   ──────────▶   forks
                              ◀──────────   {"forked": 1, "pid": 4711}  or  {"unforked": 1, …}
                              ◀──────────   {"ended": 1, "status": 9}

No thread may run here: it would be missing in what is forked, with its locks held for ever.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the C half of `signal`, which costs 4 ms
import os
import select
import sys

from pyferry.errors import TemplateError
from pyferry.forking import flush_streams
from pyferry.jsontext import write_json
from pyferry.messages import parse_body
from pyferry.rendezvous import Invitation, connect_all
from pyferry.stdio import move_high

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyferry.options import Options

__all__ = ["Template"]

CHUNK_BYTES = 65536

DEVICES = "/dev/nvidia"
"""Each of them that is open means that somebody has initialised CUDA."""

_LOADED_BY_A_WORKER = (
    "_socket",
    "pyferry.connection",
    "pyferry.executor",
    "pyferry.interrupts",
    "pyferry.lifeline",
    "pyferry.output",
    "pyferry.spin",
    "threading",
)
"""What it has after its first call, with what these import."""


class Template:
    """Waits for the host's requests, and for the ends of what was forked; POSIX."""

    def __init__(self, options: Options) -> None:
        """Take the descriptors out of the reach of what is imported.

        Raises:
            OSError: when one of them is not open.
        """
        self._preload = options.preload
        self._control = move_high(options.control)
        self._lifeline = move_high(-1 if options.lifeline is None else options.lifeline)
        # The host's numbers, by pid.
        self._children: dict[int, int] = {}
        self._wake_read = self._wake_write = -1
        self._received = b""

    def load(self) -> bool:
        """Import everything; `False` when that fails, and the host has been told."""
        if sys.platform == "linux":
            from pyferry.lifeline import hold_lifeline

            # Elsewhere it takes a thread to do this; the end of the requests must do.
            hold_lifeline(self._lifeline)
        try:
            for name in (*_LOADED_BY_A_WORKER, *self._preload):
                __import__(name)
            # The first one makes the types of the syntax tree, which takes a millisecond.
            compile("", "<template>", "exec")
            refuse_what_no_fork_survives()
        except BaseException as error:
            from pyferry.failures import describe_failure

            self._tell({"failed": describe_failure(error, {})})
            return False
        import gc

        gc.collect()
        # Else the first collection in a worker would write to, and so copy, all that is shared.
        gc.freeze()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        _signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        self._tell({"ready": True})
        return True

    def serve(self) -> list[str] | None:
        """Fork what the host asks for, until it asks no more.

        Returns:
            `None` in the template, after its end; in a worker that was born its command line.

        Raises:
            OSError: in a worker that cannot be.
            HandshakeError: in a worker that does not meet the host.
        """
        poll = select.poll()
        for descriptor in (self._control, self._wake_read):
            poll.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self._wake_read:
                    os.read(self._wake_read, CHUNK_BYTES)
                    self._reap()
                    continue
                data = os.read(self._control, CHUNK_BYTES)
                if not data:
                    return None
                *lines, self._received = (self._received + data).split(b"\n")
                for line in lines:
                    request = parse_body(line)
                    if self._fork(request["fork"]):
                        return _be_born(request)

    def _fork(self, number: int) -> bool:
        """Return whether this is the child."""
        # What waits there would be written by both.
        flush_streams()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell({"unforked": number, "reason": str(error)})
            return False
        if pid == 0:
            os.setpgid(0, 0)
            _signal.set_wakeup_fd(-1)
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
            own = (self._control, self._lifeline, self._wake_read, self._wake_write)
            for descriptor in own:
                os.close(descriptor)
            return True
        try:  # noqa: SIM105  (`contextlib` would be imported for this)
            # Here too, so that whoever is told the pid can signal the group.
            os.setpgid(pid, pid)
        except OSError:
            # It has ended already.
            pass
        self._children[pid] = number
        self._tell({"forked": number, "pid": pid})
        return False

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid not in self._children:
                # Of something that was preloaded.
                continue
            number = self._children.pop(pid)
            self._tell({"ended": number, "status": os.waitstatus_to_exitcode(status)})

    def _tell(self, message: dict[str, Any]) -> None:
        data = (write_json(message) + "\n").encode("ascii")
        try:
            while data:
                data = data[os.write(self._control, data) :]
        except OSError:
            # The host is gone; so are we, with the next look at its requests.
            return


def refuse_what_no_fork_survives() -> None:
    """Look for what was started while everything was imported.

    Raises:
        TemplateError: for a Python thread, or an open GPU.
    """
    from _thread import _count

    if _count() > 0:
        threading = sys.modules.get("threading")
        known = [] if threading is None else threading.enumerate()[1:]
        names = ", ".join(thread.name for thread in known) or "without a name"
        raise TemplateError(f"after the preload a thread runs ({names}), which no fork would have")
    for device in _open_devices():
        raise TemplateError(f"after the preload {device} is open, and CUDA works in no fork")


def _open_devices() -> list[str]:
    folder = "/proc/self/fd"
    devices = []
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        try:
            target = os.readlink(f"{folder}/{name}")
        except OSError:
            # The one that the folder was listed with.
            continue
        if target.startswith(DEVICES):
            devices.append(target)
    return devices


def _be_born(request: dict[str, Any]) -> list[str]:
    """Meet the host, and give its outputs to 1 and 2; in a child."""
    os.chdir(request["cwd"])
    said = request["meet"]
    outputs = [(1, said["stdout"])] if "stdout" in said else []
    outputs += [(2, said["stderr"])] if "stderr" in said else []
    invitation = Invitation(said)
    secrets = [invitation.reading, invitation.writing, said["lifeline"]]
    secrets += [secret for _, secret in outputs]
    read_end, write_end, lifeline, *ends = connect_all(invitation, secrets)
    for (number, _), end in zip(outputs, ends):
        os.dup2(end, number)
        os.close(end)
    _seed()
    channel = ["--fd-in", str(read_end), "--fd-out", str(write_end), "--lifeline", str(lifeline)]
    return [*channel, *request["arguments"]]


def _seed() -> None:
    """Siblings would draw the same numbers; `random` sees to itself."""
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()
