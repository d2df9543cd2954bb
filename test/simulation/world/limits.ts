import { at, parseJson } from '../../../src/api/json.ts'
import type { SimulatedServer } from '../server.ts'
import type { Rng } from '../seed.ts'
import type { Actor } from './actor.ts'
import { hooksPath } from './paths.ts'

/** How often, and how far, a hook may act within a time. */
export const someLimits = (rng: Rng): readonly object[] => {
  const most = { most: rng.int(1, 6), within: rng.pick(lengths) }
  const by = { by: rng.int(2, 9), within: rng.pick(lengths) }
  return rng.pick([[most], [most], [by], [most, by]])
}

/** Most histories are over before the longer ones are. */
const lengths = ['10s', '1m', '1h'] as const

/** People give hooks other limits. Whether a hook has limits nobody edits: that says which posts go through its record. */
export const editLimits =
  (server: SimulatedServer, { hooks }: { readonly hooks: readonly string[] }) =>
  ({ did, rng }: Actor): void => {
    const name = rng.pick(hooks)
    const path = `${hooksPath}/${name}`
    const spec = { limits: someLimits(rng) }
    if (at(parseJson(server.send('GET', path).body), 'spec', 'limits') === undefined) return
    const { status } = server.send('PATCH', path, { spec })
    did(`edits ${name} ${JSON.stringify(spec)}: ${status}`)
  }
