import { parseJson, at } from '../../../src/api/json.ts'
import type { SimulatedServer } from '../server.ts'
import type { Rng } from '../seed.ts'
import type { Actor } from './actor.ts'
import { allExpressions } from './expressions.ts'
import { amount, newHook, overlaps, secretOf, type Installation } from './installation.ts'
import { hooksPath } from './paths.ts'
import { askFor, replayWindows } from './secrets.ts'
import { refTo } from './targets.ts'

/** People change a hook: what it does, whether it does it, its token, what it asks for; or delete it and make it again. */
export const editHook =
  (server: SimulatedServer, installation: Installation) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const { asking, hooks, issuing, targets } = installation
    const name = rng.pick(hooks)
    const path = `${hooksPath}/${name}`
    const hook = parseJson(server.send('GET', path).body)
    const countsOnce = at(hook, 'spec', 'auth', 'hmac', 'replayWindow') !== undefined
    const rotation = Number(at(hook, 'spec', 'token', 'rotation') ?? 0)
    if (rng.chance(0.2)) {
      did(`deletes ${name}`)
      // What it owns is collected later.
      server.send('DELETE', path, undefined, { query: { propagationPolicy: 'Orphan' } })
      if (rng.chance(0.5)) await sleep(rng.int(0, 3000))
      did(`makes ${name} again`)
      server.send('POST', hooksPath, newHook(rng, name, installation))
      return
    }
    const spec = rng.pick([
      { scale: { by: amount(rng) } },
      { scale: { min: rng.int(0, 3) } },
      { scale: { max: rng.int(4, 20) } },
      { scale: { action: rng.pick(['up', 'down']) } },
      { scale: { target: refTo(rng.pick(targets)) } },
      { suspend: true },
      { suspend: true },
      { suspend: rng.chance(0.5) },
      { token: { rotation: rotation + 1 } },
      { token: { rotation: rotation + 1, overlap: rng.pick(overlaps) } },
      { token: { secretName: rng.chance(0.5) ? secretOf(name) : null } },
      { when: rng.chance(0.5) ? rng.pick(allExpressions) : null },
      ...(asking
        ? [
            {
              auth: countsOnce
                ? otherWindow(rng)
                : rng.chance(0.7)
                  ? { ...askNothing, ...(issuing && { oidc: null }), ...askFor(rng, name) }
                  : null,
            },
          ]
        : []),
    ])
    const { status } = server.send('PATCH', path, { spec })
    did(`edits ${name} ${JSON.stringify(spec)}: ${status}`)
    // A person who suspends a hook means to resume it some day.
    if ('suspend' in spec && spec.suspend) {
      await sleep(rng.int(300, 3000))
      did(`lets ${name} go on`)
      server.send('PATCH', path, { spec: { suspend: false } })
    }
  }

/** People aim a hook at another target, and may aim it back. */
export const aimElsewhere =
  (server: SimulatedServer, { hooks, targets }: Installation) =>
  ({ did, rng }: Actor): void => {
    const [hook, target] = [rng.pick(hooks), rng.pick(targets)]
    const { status } = server.send('PATCH', `${hooksPath}/${hook}`, { spec: { scale: { target: refTo(target) } } })
    did(`aims ${hook} at ${target}: ${status}`)
  }

/** How long a body counts once is edited, and never whether: that would change what names a post. */
const otherWindow = (rng: Rng) => ({ hmac: { replayWindow: rng.pick(replayWindows) } })

/** Members that are null in a patch are taken away. */
const askNothing = { bearer: null, basic: null, hmac: null }
