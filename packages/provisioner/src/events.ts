/** What `ensure` tells while it works. */
import { performance } from 'node:perf_hooks'

/** In the order they come; a hit goes from `key` to `hit`. `collect` and `check` are `prune`'s and `doctor`'s. */
export type Phase =
  | 'resolve-source'
  | 'find-tool'
  | 'fetch-tool'
  | 'find-python'
  | 'fetch-python'
  | 'key'
  | 'hit'
  | 'lock-wait'
  | 'create'
  | 'resolve'
  | 'download'
  | 'build'
  | 'install'
  | 'verify'
  | 'publish'
  | 'collect'
  | 'check'
  | 'done'

/** Why there was something to build. */
export type MissReason = 'absent' | 'input-changed' | 'python-changed' | 'stamp-invalid' | 'moved' | 'refresh'

/**
 * `id` is the environment's, `''` until the key is known. Text is free of credentials. What a listener throws becomes a
 * process warning, and the build goes on.
 */
export type ProvisionEvent =
  | { type: 'phase'; id: string; phase: Phase; state: 'start' | 'end' | 'skip'; elapsedMs?: number; detail?: string }
  | {
      type: 'progress'
      id: string
      phase: Phase
      current: number
      /** `null` until it is known; never decreases within a phase and item, nor does `current`. */
      total: number | null
      unit: 'bytes' | 'packages'
      item?: string
    }
  | { type: 'miss'; id: string; reason: MissReason; changed?: string[] }
  | { type: 'log'; id: string; phase: Phase; stream: 'stdout' | 'stderr'; line: string }
  | { type: 'warning'; id: string; code: string; message: string }

type Progress = Omit<Extract<ProvisionEvent, { type: 'progress' }>, 'type' | 'id'>

/** At most ten a second: more is flicker to a person and load to a program. */
const PROGRESS_INTERVAL_MS = 100

/** Sends the events of one `ensure`, keeps the phase, and holds progress to its rate. */
export class Reporter {
  /** Of the environment, once it is known. */
  id = ''
  #phase: Phase = 'resolve-source'
  #phaseStartedMs = 0
  /** Told of each phase that begins, and of each line: for whoever waits for the lock, and for the log of the build. */
  onPhase: ((phase: Phase) => void) | undefined
  onLog: ((line: string) => void) | undefined
  #isOpen = false
  #progressSentMs = Number.NEGATIVE_INFINITY
  #held: Progress | undefined
  /** The greatest numbers told so far, by phase and item. */
  readonly #totals = new Map<string, number>()
  readonly #currents = new Map<string, number>()
  readonly #onEvent: ((event: ProvisionEvent) => void) | undefined
  readonly #now: () => number
  readonly phasesMs: Partial<Record<Phase, number>> = {}

  constructor(onEvent: ((event: ProvisionEvent) => void) | undefined, now: () => number = () => performance.now()) {
    this.#onEvent = onEvent
    this.#now = now
  }

  get phase(): Phase {
    return this.#phase
  }

  /** End the phase that is open and start `phase`. */
  enter(phase: Phase, detail?: string): void {
    this.leave()
    this.#phase = phase
    this.#phaseStartedMs = this.#now()
    this.#isOpen = true
    this.onPhase?.(phase)
    this.#send({ type: 'phase', id: this.id, phase, state: 'start', ...(detail !== undefined && { detail }) })
  }

  /** End the phase that is open, with its last progress when that was held back. */
  leave(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#flush()
    const elapsedMs = Math.round(this.#now() - this.#phaseStartedMs)
    this.phasesMs[this.#phase] = (this.phasesMs[this.#phase] ?? 0) + elapsedMs
    this.#send({ type: 'phase', id: this.id, phase: this.#phase, state: 'end', elapsedMs })
  }

  /** A phase there was nothing to do in. */
  skip(phase: Phase, detail: string): void {
    this.leave()
    this.#send({ type: 'phase', id: this.id, phase, state: 'skip', detail })
  }

  progress(progress: Progress): void {
    const now = this.#now()
    this.#held = progress
    if (now - this.#progressSentMs < PROGRESS_INTERVAL_MS) return
    this.#progressSentMs = now
    this.#flush()
  }

  miss(reason: MissReason, changed: readonly string[]): void {
    this.#send({ type: 'miss', id: this.id, reason, ...(changed.length > 0 && { changed: [...changed] }) })
  }

  /** Somebody else builds the same. Told again while it lasts: the phase starts once more then, with news in its detail. */
  lockWait(owner: { pid: number; host: string; phase: string } | undefined): void {
    const detail = owner ? `process ${owner.pid} on ${owner.host}: ${owner.phase}` : 'another process'
    if (this.#isOpen && this.#phase === 'lock-wait') {
      this.#send({ type: 'phase', id: this.id, phase: 'lock-wait', state: 'start', detail })
    } else this.enter('lock-wait', detail)
  }

  log(stream: 'stdout' | 'stderr', line: string): void {
    this.onLog?.(line)
    this.#send({ type: 'log', id: this.id, phase: this.#phase, stream, line })
  }

  warning(code: string, message: string): void {
    this.#send({ type: 'warning', id: this.id, code, message })
  }

  #flush(): void {
    const held = this.#held
    if (!held) return
    this.#held = undefined
    const key = `${held.phase} ${held.unit} ${held.item ?? ''}`
    const known = this.#totals.get(key) ?? null
    const total = held.total === null || known === null ? (held.total ?? known) : Math.max(held.total, known)
    if (total !== null) this.#totals.set(key, total)
    const current = Math.max(held.current, this.#currents.get(key) ?? 0)
    this.#currents.set(key, current)
    this.#send({ type: 'progress', id: this.id, ...held, current, total })
  }

  #send(event: ProvisionEvent): void {
    try {
      this.#onEvent?.(event)
    } catch (error) {
      process.emitWarning(`a listener of provision events failed: ${error instanceof Error ? error.stack : error}`)
    }
  }
}
