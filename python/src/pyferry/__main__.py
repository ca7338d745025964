"""The worker's life: claim the channel, say `ready`, serve, leave.

The order is the point. The descriptors are out of reach before anything of the user's can be
imported; `ready` is written before the rest is loaded, so that a start stays cheap.
"""

from __future__ import annotations

import os
import sys

from pyferry import messages
from pyferry.errors import HandshakeError
from pyferry.framing import encode_frame
from pyferry.options import USAGE, Options, UsageError, parse_options
from pyferry.stdio import claim_descriptors, claim_stdin, claim_stdio, move_high

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]

SWITCH_INTERVAL_SECONDS = 0.0005
"""How long a busy thread keeps another one waiting. Python's 5 ms would be 5 ms for each call
beside it; 0.5 ms costs nothing that can be measured."""


def main(arguments: list[str]) -> None:
    """Serve one host, then exit: 0 after end of input, 1 after a bad frame, 2 for a bad start.

    Args:
        arguments: the command line without the program.
    """
    try:
        options = parse_options(arguments)
    except UsageError as error:
        sys.exit(_complain(f"{error}\n{USAGE}"))
    is_forked = options.control >= 0
    try:
        if is_forked:
            options = _be_template(options)
        read_end, write_end, lifeline = _claim(options)
    except (OSError, HandshakeError) as error:
        sys.exit(_complain(f"the channel cannot be used: {error}\n"))
    _send_ready(write_end, options.max_frame_bytes)
    if not is_forked:
        _prepare_for_user_code()
    _serve(read_end, write_end, lifeline, options)
    if lifeline is not None and (is_forked or options.connect):
        # Over sockets the channel may end first when the host is killed.
        from pyferry.lifeline import end_if_closed

        end_if_closed(lifeline)
    _leave()


def _be_template(options: Options) -> Options:
    """Fork workers as long as they are asked for; return in each of them alone."""
    from pyferry.template import Template

    template = Template(options)
    _prepare_for_user_code()
    if not template.load():
        sys.exit(1)
    arguments = template.serve()
    if arguments is None:
        _leave()
    return parse_options(arguments)


def _complain(text: str) -> int:
    sys.stderr.write(f"pyferry: {text}")
    return 2


def _claim(options: Options) -> tuple[int, int, int | None]:
    """Return the channel and the lifeline."""
    if options.connect:
        return _meet_host()
    lifeline = None
    if options.lifeline is not None:
        from pyferry.lifeline import hold_lifeline

        lifeline = move_high(options.lifeline)
        hold_lifeline(lifeline)
    if options.stdio:
        return (*claim_stdio(), lifeline)
    return (*claim_descriptors(options.fd_in, options.fd_out), lifeline)


def _meet_host() -> tuple[int, int, int]:
    from pyferry.lifeline import hold_lifeline
    from pyferry.rendezvous import meet, read_invitation

    stdin = claim_stdin()
    invitation = read_invitation(stdin)
    # Nothing more comes on it: its end is the host's, from before we look for the host elsewhere.
    hold_lifeline(stdin)
    return (*claim_descriptors(*meet(invitation)), stdin)


def _send_ready(write_end: int, limit: int) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    text = messages.encode_ready(os.getpid(), version, sys.implementation.name, messages.PROTOCOL)
    try:
        # Far smaller than what an empty pipe holds: written whole.
        os.write(write_end, encode_frame(text, max(limit, len(text))))
    except OSError:
        os._exit(1)


def _prepare_for_user_code() -> None:
    sys.argv = [""]
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    if sys.flags.no_site:
        # Left out of the start by `-S`; it finds the environment's packages.
        import site

        site.main()
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # Into a pipe Python would keep 8 KiB back; a print should be seen when it happens.
        reconfigure(line_buffering=True)


def _serve(read_end: int, write_end: int, lifeline: int | None, options: Options) -> None:
    from pyferry.connection import Connection
    from pyferry.executor import Executor
    from pyferry.forking import ForkGuard
    from pyferry.interrupts import confine_interrupts
    from pyferry.output import Lifeline, Output

    Lifeline.descriptor = lifeline
    confine_interrupts()
    output = Output(write_end, options.max_frame_bytes)
    connection = Connection(
        read_end, output, ForkGuard(read_end, write_end), options.max_frame_bytes
    )
    executor = Executor(connection, options.max_workers, drops_waiting=not options.stdio)
    if options.stdio:

        def on_negotiated() -> None:
            # The host has turned out to be ours.
            from pyferry.lifeline import hold_stdio

            executor.drops_waiting = True
            hold_stdio(read_end, write_end, options.close_grace_ms)

        connection.on_negotiated = on_negotiated
    executor.serve()
    output.drain()
    if options.stdio and executor.drops_waiting:
        from pyferry.lifeline import end_if_unread

        end_if_unread(write_end)


def _leave() -> NoReturn:
    """Exit with 0, after what was registered for exit; threads left behind are not waited for."""
    import atexit

    from pyferry.output import exit_now

    # `sys.exit` would come here too, but by way of joining every thread.
    atexit._run_exitfuncs()  # noqa: SLF001
    exit_now(0)


if __name__ == "__main__":
    main(sys.argv[1:])
