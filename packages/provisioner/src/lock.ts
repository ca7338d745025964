/**
 * The lock of a key: two programs do not do the same work twice. Nothing depends on it for safety, since every build works in a
 * generation of its own and publishes by one rename; so it is the simplest thing that the kernel cleans up by itself.
 *
 * A small Python process opens the file, takes the kernel's exclusive lock on it, writes there who owns it, and reads its input
 * until that ends. When the host dies, however it dies, the helper goes with it, and the lock with the helper. That holds between
 * containers that share a kernel, where process ids do not.
 */
import type { Variables } from './child-environment.js'
import { StoppedError } from './errors.js'
import type { Reporter } from './events.js'
import { tryReadJson } from './files.js'
import { LIFELINE_PRELUDE } from './lifeline.js'
import { ownIdentity } from './process-identity.js'
import { type Helper, startHelper } from './run.js'

export interface LockRequest {
  path: string
  /** An interpreter, 3.9 or later. */
  python: string
  env: Variables
  cwd: string
  limitMs: number
  reporter: Reporter
  signal: AbortSignal
  redact: (text: string) => string
}

/** As the owner has written it into the file. */
export interface LockOwner {
  pid: number
  host: string
  phase: string
  since: string
}

export interface Lock {
  /** Whether somebody else had it first. */
  didWait: boolean
  /** Tell those who wait what is going on. */
  tell(phase: string): void
  release(): Promise<void>
}

const NOTICE_INTERVAL_MS = 10_000

/**
 * Take the lock, waiting for it when somebody else has it.
 *
 * @returns `undefined` when the disk has no locks, after a warning: the work may be done twice then, and comes out right
 * @throws StoppedError (LOCK_TIMEOUT) naming file, owner and option; the signal's reason
 */
export async function takeLock(request: LockRequest): Promise<Lock | undefined> {
  const { path, reporter, signal } = request
  const { helper, owner } = await startLockHelper(request)
  try {
    const answer = await readAnswer(helper, signal)
    const didWait = answer === 'waiting'
    const last = didWait ? await waitForLock(helper, request) : answer
    if (last === 'locked') return holdLock(helper, owner, { didWait, path, reporter })
    await helper.end()
    const why = last ?? 'the helper ended'
    reporter.warning('no-lock', `${path} cannot be locked (${why}): others may do the same work`)
    return undefined
  } catch (error) {
    await helper.kill()
    throw error
  }
}

/**
 * Take the lock only when it is free.
 *
 * @returns `'held'` when somebody else has it; `undefined` when the disk has no locks
 */
export async function tryTakeLock(request: LockRequest): Promise<Lock | 'held' | undefined> {
  const { path, reporter, signal } = request
  const { helper, owner } = await startLockHelper(request)
  try {
    const answer = await readAnswer(helper, signal)
    if (answer === 'locked') return holdLock(helper, owner, { didWait: false, path, reporter })
    if (answer === 'waiting') {
      await helper.kill()
      return 'held'
    }
    await helper.end()
    reporter.warning('no-lock', `${path} cannot be locked (${answer ?? 'the helper ended'})`)
    return undefined
  } catch (error) {
    await helper.kill()
    throw error
  }
}

/** Who holds the lock now, as far as the file tells. */
export async function readLockOwner(path: string): Promise<LockOwner | undefined> {
  const found = (await tryReadJson(path)) as Partial<LockOwner> | undefined
  return typeof found?.pid === 'number' && typeof found.host === 'string' ? (found as LockOwner) : undefined
}

async function startLockHelper(request: LockRequest): Promise<{ helper: Helper; owner: LockOwner }> {
  const { path, python, env, cwd, reporter, redact, signal } = request
  signal.throwIfAborted()
  const { pid, host } = ownIdentity()
  const owner: LockOwner = { pid, host, phase: reporter.phase, since: new Date().toISOString() }
  const args = ['-I', '-S', '-X', 'utf8', '-c', LOCK_SCRIPT, path, JSON.stringify(owner)]
  const helper = await startHelper({ file: python, args, env, cwd, hasLifeline: true }, redact)
  return { helper, owner }
}

function holdLock(
  helper: Helper,
  owner: LockOwner,
  { didWait, path, reporter }: Pick<LockRequest, 'path' | 'reporter'> & { didWait: boolean },
): Lock {
  let isReleased = false
  void helper.ended.then(() => {
    if (!isReleased) reporter.warning('lock-lost', `${path} is not held any more: others may do the same work`)
  })
  const release = () => {
    isReleased = true
    return helper.end()
  }
  return { didWait, tell: (phase) => helper.tell(JSON.stringify({ ...owner, phase })), release }
}

/** The helper's last word: `'locked'`, what went wrong, or none at all. */
async function waitForLock(helper: Helper, request: LockRequest): Promise<string | undefined> {
  const { path, limitMs, reporter, signal } = request
  let owner: LockOwner | undefined
  const notice = async () => {
    owner = (await readLockOwner(path)) ?? owner
    reporter.lockWait(owner)
  }
  await notice()
  const notices = setInterval(() => void notice(), NOTICE_INTERVAL_MS)
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(lockTimeout(path, owner, limitMs)), limitMs)
  try {
    return await readAnswer(helper, AbortSignal.any([signal, limit.signal]))
  } finally {
    clearInterval(notices)
    clearTimeout(timer)
  }
}

/** The next line, unless the signal comes first. */
function readAnswer(helper: Helper, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    helper
      .nextLine()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function lockTimeout(path: string, owner: LockOwner | undefined, limitMs: number): StoppedError {
  const who = owner
    ? `process ${owner.pid} on ${owner.host} has it since ${owner.since} (${owner.phase})`
    : 'somebody has it'
  return new StoppedError(
    'LOCK_TIMEOUT',
    `the lock ${path} was not free within ${limitMs} ms (lockTimeoutMs): ${who}`,
    {
      facts: { path, owner, limitMs, option: 'lockTimeoutMs' },
    },
  )
}

/** In bytes, more than any owner has: what is written over another is never shorter, so that no reader finds parts of both. */
const OWNER_SIZE = 1024

/**
 * First without waiting, so that a wait can be told.
 *
 * The collector removes the file of a key that is no more, and holds it while it does. Whoever has waited for that one has the lock
 * of a file that nobody else will ever find, and begins anew.
 */
const LOCK_SCRIPT = `${LIFELINE_PRELUDE}
import os, sys
path, owner = sys.argv[1:3]
def say(word):
    sys.stdout.write(word + "\\n")
    sys.stdout.flush()
def write(text):
    # For people alone. On a full disk it cannot be written, and the lock is held all the same.
    try:
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, text.encode("utf-8").ljust(${OWNER_SIZE}))
    except OSError:
        pass
def lock(file, wait):
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            wait()
            flock(file, LOCK_EX)
    except ImportError:
        import msvcrt
        # Beyond the text, which others are to read.
        def take(mode):
            os.lseek(file, 1 << 20, os.SEEK_SET)
            msvcrt.locking(file, mode, 1)
        try:
            take(msvcrt.LK_NBLCK)
        except OSError:
            wait()
            while True:
                try:
                    take(msvcrt.LK_LOCK)
                    break
                except OSError:
                    pass
told = []
def wait():
    if not told:
        told.append(True)
        say("waiting")
def is_there(file):
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
try:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        lock(file, wait)
        if is_there(file):
            break
        os.close(file)
    write(owner)
    say("locked")
except OSError as error:
    say(str(error))
    sys.exit(1)
for line in sys.stdin:
    write(line.strip())
write("")
`
