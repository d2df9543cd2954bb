import { at, stringAt } from '../../../src/api/json.ts'
import type { Api, Context } from '../context.ts'
import { RefusedError } from '../refused.ts'
import { tryHook, urlOf } from '../try.ts'
import { hookAsUser } from './hook.ts'

/** The form of the idempotency keys that the page makes. */
const keyPattern = /^[A-Za-z0-9_-]{8,64}$/

export const useRoutes = (router: Api, { sessionOf, triggerBase, world }: Context): void => {
  // Returns the URL of a hook if the user may read it. No other answer of the server contains a URL
  // of a hook.
  router.post('/hooks/:namespace/:name/url', async (request, response) => {
    const { name, namespace } = request.params
    const { api } = sessionOf(request)
    const { url } = await urlOf(api, await hookAsUser(api, namespace, name))
    response.json({ url })
  })

  // Posts once to the hook and returns the trigger's answer.
  router.post('/hooks/:namespace/:name/try', async (request, response) => {
    const { name, namespace } = request.params
    const { api } = sessionOf(request)
    const key = stringAt(request.body, 'key') ?? ''
    if (!keyPattern.test(key)) throw new RefusedError(400, 'BadRequest', 'key must name the delivery')
    const hook = await hookAsUser(api, namespace, name)
    const body = stringAt(request.body, 'body')
    const dryRun = at(request.body, 'dryRun') !== false
    const waits = at(request.body, 'waits') === true
    const trial = { dryRun, waits, key, now: world.clock.now(), ...(body === undefined ? {} : { body }) }
    response.json(await tryHook(api, world.outbound, triggerBase, hook, trial))
  })
}
