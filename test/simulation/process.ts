import { inlineExpressions } from '../support/inline-expressions.ts'
import type { Clock, Log, Metrics } from '../../src/environment/environment.ts'
import { connectionOf } from './network.ts'
import { outboundOf } from './outbound.ts'
import { wallClock, type SimulatedProcess, type Simulation } from './simulation.ts'

/** Compiles each expression once, for all processes of all histories: it has no other memory. */
const expressions = inlineExpressions()

/** No timer of Node's is sooner. */
const minTimerMs = 1

export const createProcess = (simulation: Simulation, name: string): SimulatedProcess => {
  const { faults, note, time } = simulation
  const rng = simulation.rng.fork()
  const ends: (() => void)[] = []
  let alive = true
  let offset = rng.int(-200, 200)
  let frozenUntil = 0

  const die = (what: 'crash' | 'end'): void => {
    if (!alive) return
    alive = false
    note({ what, process: name })
    for (const listener of ends) listener()
  }

  const after = (ms: number, run: () => void): (() => void) => {
    if (!alive) return () => undefined
    let cancel = time.at(ms, function due() {
      if (!alive) return
      // What became due meanwhile happens right after, in the order in which it became due.
      if (time.now < frozenUntil) cancel = time.inOrder(frozenUntil - time.now, due)
      else run()
    })
    return () => cancel()
  }

  const clock: Clock = {
    now: () => Math.floor(wallClock(time) + offset),
    monotonic: () => time.now,
    after: (ms, run) => after(Math.max(minTimerMs, Math.ceil(ms)), run),
  }
  const self: SimulatedProcess = {
    name,
    get alive() {
      return alive
    },
    get frozen() {
      return time.now < frozenUntil
    },
    environment: {
      clock,
      random: { bytes: rng.bytes },
      api: connectionOf(simulation, rng, () => self),
      log: logOf(note, name),
      metrics: noMetrics,
      expressions,
      outbound: outboundOf(simulation, rng, () => self),
    },
    crash: () => die('crash'),
    mayCrash: () => {
      if (alive && rng.chance(faults().crash)) die('crash')
      return !alive
    },
    after,
    onEnd: listener => void ends.push(listener),
    end: () => die('end'),
    jump: ms => {
      offset += ms
    },
    freeze: ms => {
      frozenUntil = Math.max(frozenUntil, time.now + ms)
    },
  }
  note({ what: 'start', process: name })
  return self
}

/** Errors that the world can cause; all others are faults of the product. */
const legitimate = /^(nobody knows whether a step was made|HistoryWentBack|CacheOfLostHistory)/

const logOf = (note: Simulation['note'], process: string): Log => ({
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => note({ what: 'log', process, level: 'warn', message, fields }),
  error: (fields, message) => {
    note({ what: 'log', process, level: 'error', message, fields })
    if (!legitimate.test(message)) note({ what: 'broken', why: `${process} logged an error: ${message}` })
  },
})

const nothing = {
  add: () => undefined,
  forget: () => Promise.resolve(),
  set: () => undefined,
  observe: () => undefined,
}

const noMetrics: Metrics = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
  text: () => Promise.resolve(''),
}
