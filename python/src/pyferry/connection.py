"""One connection to a host, from the first frame after `ready` to the end.

Source: PROTOCOL.md, "A connection, seen from the worker".

What it does with each message; when and on which thread is the executor's affair.
"""

from __future__ import annotations

import os
import sys
import time
from _collections_abc import Coroutine

from pyferry.dialect import Base, Negotiated
from pyferry.errors import (
    FrameTooLargeError,
    MalformedFrameError,
    ProtocolError,
    ProtocolVersionError,
)
from pyferry.framing import FrameReader
from pyferry.mainthread import is_for_main_thread
from pyferry.messages import PROTOCOL, Accept, Call, Define, Ping
from pyferry.namespace import Namespace
from pyferry.negotiated import HELLO, PACKED, Limits, Packing
from pyferry.output import exit_now
from pyferry.parcels import Large, Parcels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from pyferry.dialect import Dialect, Small
    from pyferry.forking import ForkGuard
    from pyferry.messages import Message, Task, Unknown
    from pyferry.output import Output

__all__ = ["CHUNK_BYTES", "Connection", "call_user"]

CHUNK_BYTES = 65536
"""Asked for in one read. From 128 KiB on each read costs a memory mapping, 16 µs."""

WAITED_SECONDS = 20e-6
"""Of a read; one that finds something takes a tenth of it."""

ENOUGH_CALLS = 32
"""That are taken together: the cost of handing them on is small by then, and the first one waits
for all of them to be decoded."""

_NEVER_A_COROUTINE = frozenset({type(None), bool, int, float, str, list, dict, tuple, bytes})
"""Results that need not be asked: the question costs as much as the rest of a small answer."""

_ONLY_CALLS = {Call}


def call_user(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call the user's function. This frame on the stack tells `interrupts.py` that it runs."""
    return function(*args, **kwargs)


class Connection:
    """The work that an executor drives.

    `next_tasks` and `read` belong to the thread that leads; `run` and `flush` are called from any,
    several at once.

    Attributes:
        has_waited: whether there was nothing to read for a moment, the last time: the host had
            sent all it had.
        on_negotiated: called once, when the host has gone over to the negotiated protocol.
    """

    on_negotiated: Callable[[], None] | None = None

    def __init__(self, descriptor: int, output: Output, forks: ForkGuard, limit: int) -> None:
        """Serve a channel.

        Args:
            descriptor: to read from; blocking, and the caller's.
            output: where answers go.
            forks: the guard of the channel's descriptors.
            limit: of a frame's body, in bytes, in both directions.
        """
        self.has_waited = False
        self._descriptor = descriptor
        self._output = output
        self._forks = forks
        self._limit = limit
        self._reader = FrameReader(limit)
        self._dialect: Dialect = Base(limit)
        self._has_begun = False
        # What is wrong with the stream behind the calls that were taken from it.
        self._error: ProtocolError | None = None
        # Of the frame that is being gone through, last one first.
        self._messages: list[Message] = []
        self._namespace = Namespace()
        self._find = self._namespace.targets.find
        # Looks for more for a moment, before each read.
        self._spin: Callable[[], None] | None = None
        self._calls_in_flight: set[str | int] = set()
        self._defines_in_flight: set[str] = set()

    @property
    def has_answers(self) -> bool:
        """Whether answers wait to be written and no thread is at it."""
        return self._output.needs_flush

    @property
    def has_input(self) -> bool:
        """Whether bytes have come that no task was made of; asked by any thread, as a hint."""
        return bool(self._messages) or self._reader.has_data

    def flush(self) -> None:
        """Write the answers that wait."""
        self._output.flush()

    def read(self) -> bool:
        """Wait for more bytes; `False` at the end of input. Inside a frame it ends the process."""
        while True:
            try:
                if self._spin is not None:
                    self._spin()
                data: bytes | int
                room = self._reader.room
                if room is None:
                    begun_at = time.perf_counter()
                    data = os.read(self._descriptor, CHUNK_BYTES)
                    self.has_waited = time.perf_counter() - begun_at > WAITED_SECONDS
                else:
                    data = os.readv(self._descriptor, [room])
            except BaseException as error:
                trace = error.__traceback__
                if trace is None or trace.tb_next is None:
                    # Of `read` itself. Reset: the host is gone and has not read everything.
                    exit_now(1)
                # A signal handler of the user's raised in the main thread: no call's affair.
                sys.excepthook(type(error), error, trace)
                continue
            break
        if data:
            if isinstance(data, int):
                self._reader.filled(data)
            else:
                self._reader.push(data)
            return True
        try:
            self._reader.end()
        except ProtocolError as error:
            self._fail(error)
        return False

    def next_tasks(self) -> list[Task] | None:
        """Return calls that have come one after the other, or a define; `None`: read more.

        Everything else that comes before them is answered here. Ends the process at a bad frame:
        after it the stream has no trustworthy position.
        """
        calls: list[Task] = []
        try:
            if self._error is not None:
                raise self._error
            while len(calls) < ENOUGH_CALLS:
                if not self._messages:
                    body = self._reader.try_next()
                    if body is None:
                        break
                    batch = self._dialect.decode(body)
                    if _are_calls(batch):
                        self._accept_all(batch)
                        if not calls and not self._reader.has_data:
                            return batch  # type: ignore[return-value]
                        calls += batch  # type: ignore[arg-type]
                    else:
                        self._messages = batch
                        self._messages.reverse()
                    continue
                message = self._messages[-1]
                if isinstance(message, Call):
                    self._accept(message)
                    calls.append(message)
                elif calls:
                    # Not before those: they are to be started first.
                    break
                elif isinstance(message, Define):
                    self._accept(message)
                    self._messages.pop()
                    return [message]
                else:
                    self._answer(message)
                    self._has_begun = True
                self._messages.pop()
        except ProtocolError as error:
            if not calls:
                self._fail(error)
            # They came before it.
            self._error = error
        return calls or None

    def needs_main(self, call: Call) -> bool:
        """Tell whether what a call names asks for the main thread. Raises nothing."""
        try:
            return is_for_main_thread(self._find(call.function))
        except BaseException:
            # The call will fail with it.
            return False

    def run(self, task: Task) -> None:
        """Run a call or a define to its end and leave its answer in the output. Raises nothing."""
        if isinstance(task, Define):
            self._run_define(task)
            return
        call_id = task.call_id
        try:
            if task.problem is not None:
                raise task.problem
            if task.marked is not None:
                task.marked.revive()
            result = call_user(self._find(task.function), task.args, task.kwargs)
            if type(result) not in _NEVER_A_COROUTINE and isinstance(result, Coroutine):
                result = call_user(_run_coroutine, [result], {})
            if self._forks.is_child:
                self._forks.exit_child(None)
            answer = self._dialect.returned(call_id, result, task.values)
        except BaseException as error:
            if self._forks.is_child:
                self._forks.exit_child(error)
            answer = self._failure(self._dialect.failed, call_id, error)
        # Before the answer can be read: the id is the host's again.
        self._calls_in_flight.discard(call_id)
        if isinstance(answer, Large):
            # Before anything else runs here: it shares its memory with what the function returned.
            self._output.send(answer)
        else:
            self._output.add(answer)

    def _answer(self, message: Accept | Ping | Unknown) -> None:
        if isinstance(message, Ping):
            self._output.add(self._dialect.pong())
        elif isinstance(message, Accept):
            self._switch(message)
        else:
            text = f"no message of type {message.type!r} is served here"
            self._say("UnknownMessageError", text)

    def _switch(self, accept: Accept) -> None:
        """Go over to the version that the host has chosen."""
        if self._has_begun:
            raise MalformedFrameError("accept is not the first message of the host")
        if accept.protocol != PROTOCOL:
            text = f"version {accept.protocol} of the protocol is not spoken here, {PROTOCOL} is"
            raise ProtocolVersionError(text)
        parcels = self._reader.parcels = Parcels()
        limits = Limits(self._limit, accept.max_result)
        self._dialect = Negotiated(
            limits,
            parcels,
            is_strict=accept.is_strict,
            values=accept.values,
            packing=Packing(self._output.add) if PACKED in accept.codecs else None,
        )
        if accept.spin_us > 0:
            from pyferry.spin import make_spin

            self._spin = make_spin(self._descriptor, accept.spin_us / 1e6)
        self._output.add(HELLO)
        if self.on_negotiated is not None:
            self.on_negotiated()

    def _accept_all(self, calls: list[Any]) -> None:
        """Accept the calls of a frame, which are nearly always all that is in it."""
        if len(calls) == 1:
            self._accept(calls[0])
            return
        ids = {call.call_id for call in calls}
        if len(ids) == len(calls) and self._calls_in_flight.isdisjoint(ids):
            self._has_begun = True
            self._calls_in_flight |= ids
        else:
            for call in calls:
                self._accept(call)

    def _accept(self, task: Task) -> None:
        self._has_begun = True
        known: set[Any]
        id_: Any
        if isinstance(task, Call):
            known, id_ = self._calls_in_flight, task.call_id
        else:
            known, id_ = self._defines_in_flight, task.op_id
        if id_ in known:
            raise MalformedFrameError(f"the id {id_!r} is in flight already")
        known.add(id_)

    def _run_define(self, define: Define) -> None:
        try:
            call_user(self._namespace.define, [define], {})
            if self._forks.is_child:
                self._forks.exit_child(None)
            answer = self._dialect.defined(define.op_id, None)
        except BaseException as error:
            if self._forks.is_child:
                self._forks.exit_child(error)
            answer = self._failure(self._dialect.defined, define.op_id, error)
        self._defines_in_flight.discard(define.op_id)
        self._output.add(answer)

    def _failure(
        self, write: Callable[[Any, dict[str, Any]], Small], id_: str | int, error: BaseException
    ) -> Small:
        """Write a failure as fully as the limit and the state of the process allow."""
        from pyferry.failures import describe_failure, minimal_failure

        try:
            fields = describe_failure(error, self._namespace.sources)
            return write(id_, fields)
        except FrameTooLargeError:
            fields = {**minimal_failure(error), "errorMessage": fields["errorMessage"][:200]}
        except BaseException:
            # Out of memory or stack while describing: the class is known without either.
            fields = minimal_failure(error)
        try:
            return write(id_, fields)
        except FrameTooLargeError as too_large:
            self._fail(too_large)

    def _say(self, error_type: str, text: str) -> None:
        try:
            self._output.add(self._dialect.error(error_type, text))
        except FrameTooLargeError:
            # A limit below any sentence; the exit status says it too.
            return

    def _fail(self, error: ProtocolError) -> NoReturn:
        """Tell the host what is wrong with its bytes and end the process; nothing is waited for."""
        self._say(type(error).__name__, str(error))
        self._output.drain()
        exit_now(1)


def _are_calls(batch: list[Any]) -> bool:
    if len(batch) == 1:
        return type(batch[0]) is Call
    return set(map(type, batch)) == _ONLY_CALLS


def _run_coroutine(coroutine: Any) -> Any:
    import asyncio

    return asyncio.run(coroutine)
