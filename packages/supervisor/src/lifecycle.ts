/**
 * The states of a worker and what moves it from one to the next. Nothing else happens here.
 *
 *              start          started         exited
 *      idle ─────────▶ starting ────────▶ ready ────────▶ died
 *       ▲                 │                                 │
 *       └──── failed ─────┘ ◀──────────── start ────────────┘
 *
 *      idle, starting, ready, died ── close ──▶ closing ── ended ──▶ closed
 *
 * `died` is only for a worker that had been ready: one that never was makes `start()` fail instead (V-4, V-13).
 */
export type WorkerState = 'idle' | 'starting' | 'ready' | 'died' | 'closing' | 'closed'

export type WorkerEvent = 'start' | 'started' | 'failed' | 'exited' | 'close' | 'ended'

/** A row for every state; an event that is missing in a row is illegal there. */
export const transitions: Readonly<Record<WorkerState, Readonly<Partial<Record<WorkerEvent, WorkerState>>>>> = {
  idle: { start: 'starting', close: 'closing' },
  starting: { started: 'ready', failed: 'idle', close: 'closing' },
  ready: { exited: 'died', close: 'closing' },
  died: { start: 'starting', close: 'closing' },
  // What was under way when close() came reports its end here, and changes nothing.
  closing: { started: 'closing', failed: 'closing', exited: 'closing', ended: 'closed' },
  closed: {},
}

/** Decide the state that follows. @throws Error for an illegal event: a bug of ours, not of a caller. */
export function nextState(state: WorkerState, event: WorkerEvent): WorkerState {
  const next = transitions[state][event]
  if (next === undefined) throw new Error(`illegal event ${event} in state ${state}`)
  return next
}
