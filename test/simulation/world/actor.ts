import type { Simulation } from '../simulation.ts'
import type { Rng } from '../seed.ts'

/** Somebody outside of the product, who acts until the time of faults is over. */
export interface Actor {
  readonly rng: Rng
  readonly sleep: (ms: number) => Promise<void>
  /** Whether to go on. */
  readonly mayContinue: () => boolean
  /** Says what was done. */
  readonly did: (what: string) => void
}

/** Lets somebody act. A mistake in an actor is a broken history, not a silent one. */
export const act = (
  simulation: Simulation,
  mayContinue: () => boolean,
  play: (actor: Actor) => Promise<void>,
): void => {
  const { note, time } = simulation
  const actor: Actor = {
    rng: simulation.rng.fork(),
    sleep: ms => new Promise(resolve => time.at(ms, resolve)),
    mayContinue,
    did: did => note({ what: 'world', did }),
  }
  play(actor).catch((error: unknown) =>
    note({ what: 'broken', why: `an actor failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}` }),
  )
}

/** Does something again and again, at intervals of up to twice the mean. */
export const nowAndThen =
  (meanMs: number, once: (actor: Actor) => void | Promise<void>) =>
  async (actor: Actor): Promise<void> => {
    await actor.sleep(actor.rng.int(0, 2 * meanMs))
    while (actor.mayContinue()) {
      await once(actor)
      await actor.sleep(actor.rng.int(1, 2 * meanMs))
    }
  }

/** Does something so many times, at any moments of the time of faults. */
export const times =
  (count: number, withinMs: number, once: (actor: Actor) => void) =>
  async (actor: Actor): Promise<void> => {
    const moments = Array.from({ length: count }, () => actor.rng.int(0, withinMs)).sort((a, b) => a - b)
    let passed = 0
    for (const moment of moments) {
      await actor.sleep(moment - passed)
      passed = moment
      if (actor.mayContinue()) once(actor)
    }
  }
