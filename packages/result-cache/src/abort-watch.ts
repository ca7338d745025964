/**
 * One `abort` listener for each signal, however many waits share it.
 *
 * Programs hand one signal to thousands of waits. Node 20 warns of a leak at the eleventh listener, and removing a listener
 * is a walk through all of them.
 */
interface Watch {
  callbacks: Set<() => void>
  listener: () => void
}

const watches = new WeakMap<AbortSignal, Watch>()

/** Have `callback` called when `signal`, which is not aborted yet, aborts. */
export function watchAbort(signal: AbortSignal, callback: () => void): void {
  let watch = watches.get(signal)
  if (!watch) {
    watch = makeWatch()
    watches.set(signal, watch)
    signal.addEventListener('abort', watch.listener, { once: true })
  }
  watch.callbacks.add(callback)
}

/** Undo `watchAbort`. With its last callback the listener goes too. */
export function unwatchAbort(signal: AbortSignal, callback: () => void): void {
  const watch = watches.get(signal)
  if (!watch?.callbacks.delete(callback) || watch.callbacks.size > 0) return
  watches.delete(signal)
  signal.removeEventListener('abort', watch.listener)
}

function makeWatch(): Watch {
  const callbacks = new Set<() => void>()
  return {
    callbacks,
    listener: () => {
      // A callback may take others off while this runs: a Set does not visit what is gone.
      for (const callback of callbacks) callback()
    },
  }
}
