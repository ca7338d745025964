/**
 * The few lines that run before an installer, so that it dies with its host: one more pipe that nobody ever writes to. When the
 * host is gone, however it went, the kernel closes its end.
 *
 * On Linux the kernel itself then kills the process group (`F_SETOWN` to the group, `F_SETSIG` to SIGKILL): no thread, and it
 * holds while C code runs. Elsewhere a thread waits for the end of the pipe. One look without waiting covers a host that died
 * before. Nothing is imported for it that Python has not loaded by itself, but `fcntl`: it is on the way of every command, and `signal`
 * alone takes half as long as Python does to start. The descriptor is not inherited by what pip starts; that is in the group.
 */

/** Where the installer finds the pipe. */
export const LIFELINE_DESCRIPTOR = 3

const ARM = `
def arm_lifeline(fd, inheritable=False):
    import os, sys
    SIGKILL, F_SETSIG = 9, 10
    os.set_inheritable(fd, inheritable)
    if sys.platform == "linux":
        import fcntl
        fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(fd, F_SETSIG, SIGKILL)
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
        try:
            if not os.read(fd, 1):
                os.killpg(0, SIGKILL)
        except BlockingIOError:
            pass
        return
    import threading
    def wait_for_end():
        while os.read(fd, 1):
            pass
        if sys.platform == "win32":
            os._exit(1)
        os.killpg(0, SIGKILL)
    threading.Thread(target=wait_for_end, daemon=True).start()
`

/** What follows it runs in the same process, and is Python. */
export const LIFELINE_PRELUDE = `${ARM}
arm_lifeline(${LIFELINE_DESCRIPTOR})
del arm_lifeline
`

/**
 * For a program that is no Python: armed, and then replaced by it. The kernel's signal belongs to the open pipe, not to the program,
 * and stays. Where a thread would have to watch there is nothing that can be done.
 */
export const LIFELINE_LAUNCHER = `${ARM}
import os, sys
if sys.platform == "linux":
    arm_lifeline(${LIFELINE_DESCRIPTOR}, True)
os.execv(sys.argv[1], sys.argv[1:])
`
