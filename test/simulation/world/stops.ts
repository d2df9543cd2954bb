import { publicKeysConfigMap } from '../../../src/token/published.ts'
import { stopPatch } from '../../../src/token/stop.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { systemConfigMapsPath } from './paths.ts'

/** Somebody stops all hooks for a while, again and again, and has let them run when it is over. */
export const stopHooks =
  (server: SimulatedServer) =>
  async ({ did, mayContinue, rng, sleep }: Actor): Promise<void> => {
    const annotate = (annotations: object): void =>
      void server.send('PATCH', `${systemConfigMapsPath}/${publicKeysConfigMap}`, { metadata: { annotations } })
    await sleep(rng.int(0, 6000))
    while (mayContinue()) {
      const all = rng.chance(0.4)
      did(all ? 'stops all hooks, and all undos' : 'stops all hooks')
      annotate(stopPatch({ reason: 'a drill', all, at: undefined }))
      await sleep(rng.int(100, 7000))
      did('lets all hooks run')
      annotate(stopPatch(undefined))
      await sleep(rng.int(100, 8000))
    }
  }
