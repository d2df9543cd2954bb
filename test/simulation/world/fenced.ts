import { parseJson, stringAt } from '../../../src/api/json.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { shown } from './credentials.ts'
import { hooksPath } from './paths.ts'
import { tokenOf, type Senders } from './senders.ts'
import { countIn, targetsPath } from './targets.ts'

/**
 * A policy keeps a target from growing, while somebody edits the hook that would raise it: what was refused is then made
 * impossible by a fence.
 */
export const beFenced =
  (senders: Senders, server: SimulatedServer) =>
  async ({ did, mayContinue, rng }: Actor): Promise<void> => {
    const { board, hooks, newDelivery, post, wallet } = senders
    const hook = rng.pick(hooks)
    const path = `${hooksPath}/${hook}`
    const published = tokenOf(rng, board, hook)
    const target = stringAt(parseJson(server.send('GET', path).body), 'spec', 'scale', 'target', 'name')
    if (!published || target === undefined) return
    const most = countIn(target, parseJson(server.send('GET', `${targetsPath(target)}/${target}`).body))
    did(`a policy refuses counts over ${most}`)
    const end = server.refuse({ most, chance: 1, status: 422 })
    const delivery = newDelivery()
    const headers = { 'idempotency-key': delivery }
    const letter = { hook, published, kind: 'plain', delivery, event: delivery, healed: false, headers } as const
    for (const by of [1, 2, 3]) {
      // It ends when all other faults do.
      if (!mayContinue()) break
      server.send('PATCH', path, { spec: { scale: { action: 'up', by } } })
      await post({ ...letter, proof: shown(rng, wallet, hook) })
    }
    end()
    did('the policy is taken back')
  }
