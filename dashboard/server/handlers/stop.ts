import { at, stringAt } from '../../../src/api/json.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { rfc3339 } from '../../../src/environment/time.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import { configMaps } from '../../../src/kube/resources.ts'
import { accessReview, isAllowed } from '../../../src/kube/reviews.ts'
import { publicKeysConfigMap } from '../../../src/token/published.ts'
import { stopIn, stopPatch, type Stop } from '../../../src/token/stop.ts'
import type { StopState } from '../../protocol.ts'
import { ask, askObject, unlessRefused } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { RefusedError } from '../refused.ts'

/** The longest reason that is stored, in characters. */
const maxReason = 500

/** The statuses of an answer if the user may not read the ConfigMap, or if it does not exist. */
const unseen = [403, 404]

export const stopRoutes = (router: Api, { sessionOf, systemNamespace, world }: Context): void => {
  const path = objectPath(configMaps, systemNamespace, publicKeysConfigMap)

  const stateOf = (stop: Stop | undefined): StopState => ({ namespace: systemNamespace, stop })

  const write = async (api: ApiConnection, stop: Stop | undefined): Promise<StopState> => {
    await ask(api, {
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { annotations: stopPatch(stop) } }),
    })
    return stateOf(stop)
  }

  // Returns whether all hooks are stopped, as far as the user may see that.
  router.get('/stop', async (request, response) => {
    const map = askObject(sessionOf(request).api, { method: 'GET', path })
    const stop = map.then(({ metadata }) => stopIn(metadata.annotations))
    response.json(stateOf(await unlessRefused(stop, unseen, () => undefined)))
  })

  // Returns whether the user may stop all hooks, and let them run again.
  router.get('/stop/may', async (request, response) => {
    const access = { verb: 'patch', type: configMaps, name: publicKeysConfigMap }
    const answer = await ask(sessionOf(request).api, accessReview(systemNamespace, access))
    response.json({ allowed: isAllowed(answer) })
  })

  router.post('/stop', async (request, response) => {
    const reason = stringAt(request.body, 'reason')?.trim() ?? ''
    if (reason === '' || reason.length > maxReason) {
      throw new RefusedError(400, 'BadRequest', `say why, in at most ${maxReason} characters`)
    }
    const all = at(request.body, 'all') === true
    response.json(await write(sessionOf(request).api, { reason, all, at: rfc3339(world.clock.now()) }))
  })

  router.delete('/stop', async (request, response) => {
    response.json(await write(sessionOf(request).api, undefined))
  })
}
