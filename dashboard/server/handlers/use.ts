import { at, stringAt } from '../../../src/api/json.ts'
import { askerInWords } from '../../../src/api/by.ts'
import { apiVersion, requestKind } from '../../../src/api/names.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { isDone, noRequests, requestSpecOf, requestStatusOf } from '../../../src/api/run-request.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { redacted } from '../../../src/environment/redact.ts'
import { collectionPath, objectPath } from '../../../src/kube/paths.ts'
import { hooks, requests, secrets } from '../../../src/kube/resources.ts'
import { accessReview, isAllowed } from '../../../src/kube/reviews.ts'
import { hookURL, isBeforeRotation, urlSecretOf, type HookURL } from '../../../cli/cluster/hook-url.ts'
import type { RequestSeen, WaitingRequest, WaitingRequests } from '../../protocol.ts'
import { ask, askList, askObject, unlessRefused } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { maxTargets } from '../limits.ts'
import { RefusedError } from '../refused.ts'
import { redactedText } from '../row.ts'
import { hookAsUser } from './hook.ts'

export const useRoutes = (router: Api, { sessionOf }: Context): void => {
  // Returns the URL of a hook if the user may read it. No other answer of the server contains a URL
  // of a hook.
  router.post('/hooks/:namespace/:name/url', async (request, response) => {
    const { name, namespace } = request.params
    const { api } = sessionOf(request)
    const { url } = await urlOf(api, await hookAsUser(api, namespace, name))
    response.json({ url })
  })

  // Makes a request to run the hook, in the name of the user. A trigger answers in its status.
  router.post('/hooks/:namespace/:name/run', async (request, response) => {
    const { name, namespace } = request.params
    const { api, user } = sessionOf(request)
    const body = stringAt(request.body, 'body')
    const asked = {
      apiVersion,
      kind: requestKind,
      metadata: { generateName: `${name.slice(0, 200)}-` },
      spec: {
        hook: name,
        by: { user },
        dryRun: at(request.body, 'dryRun') !== false,
        ...(body !== undefined && { body }),
      },
    }
    const path = collectionPath(requests, namespace)
    const making = askObject(api, { method: 'POST', path, body: JSON.stringify(asked) })
    const made = await unlessRefused(making, [404], () => {
      throw new RefusedError(404, 'NoRequests', noRequests)
    })
    response.status(201).json({ request: made.metadata.name })
  })

  router.get('/requests/:namespace/:name', async (request, response) => {
    const { name, namespace } = request.params
    const path = objectPath(requests, namespace, name)
    response.json(seenIn(await askObject(sessionOf(request).api, { method: 'GET', path })))
  })

  // Returns the requests of a hook that wait for approval, and whether the user may decide about them.
  router.get('/hooks/:namespace/:name/waiting', async (request, response) => {
    const { name, namespace } = request.params
    const { api } = sessionOf(request)
    const found: WaitingRequest[] = []
    const query = { fieldSelector: `spec.hook=${name},status.state!=Done` }
    for await (const each of askList(api, requests, namespace, { query })) {
      found.push(...waitingIn(each))
      if (found.length >= maxTargets) break
    }
    const review = accessReview(namespace, { verb: 'approve', type: hooks, name })
    response.json({
      requests: found.toSorted((one, other) => one.at.localeCompare(other.at)),
      mayDecide: isAllowed(await ask(api, review)),
    } satisfies WaitingRequests)
  })

  // Writes the user's decision. The API server takes it only while `effect` is what the request would do.
  router.post('/requests/:namespace/:name/decision', async (request, response) => {
    const { name, namespace } = request.params
    const { api, user } = sessionOf(request)
    const [is, uid, effect, why] = ['is', 'uid', 'effect', 'why'].map(of => stringAt(request.body, of)?.trim() || null)
    if (uid === null || effect === null) throw new RefusedError(400, 'BadRequest', 'a decision is about an effect')
    // Null removes the reason of an earlier decision, which was about another effect.
    const decision = { is, effect, by: user, why }
    await ask(api, {
      method: 'PATCH',
      path: objectPath(requests, namespace, name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { uid }, spec: { decision } }),
    })
    response.json({})
  })
}

/** Returns what the page shows of a request. Nothing before a trigger has looked at it. */
const waitingIn = (request: StoredObject): readonly WaitingRequest[] => {
  const { effect, state, until } = requestStatusOf(request) ?? {}
  if (state === undefined) return []
  const { by, why } = requestSpecOf(request)
  const { creationTimestamp = '', name, uid } = request.metadata
  const shown = state === 'Awaiting' && effect ? { effect: redacted(effect.text), digest: effect.digest } : {}
  return [{ name, uid, until, by: askerInWords(by), at: creationTimestamp, why: redactedText(why), ...shown }]
}

const seenIn = (request: StoredObject): RequestSeen => {
  if (!isDone(request)) {
    const isKnown = at(request, 'status', 'state') !== undefined
    return isKnown ? { waits: redacted(stringAt(request, 'status', 'effect', 'text') ?? '') } : {}
  }
  const answer = at(request, 'status', 'answer')
  const said = (member: string): string => redacted(stringAt(answer, member) ?? '')
  return {
    answer: {
      outcome: stringAt(answer, 'outcome') ?? 'refused',
      reason: said('reason'),
      message: said('message'),
      state: stringAt(answer, 'state'),
      stateMessage: said('stateMessage'),
    },
  }
}

/**
 * Returns a hook's URL, from its status or from the Secret with its secret part. The Secret is read as
 * the user. Throws {@link RefusedError}.
 */
export const urlOf = async (api: ApiConnection, hook: StoredObject): Promise<HookURL> => {
  const { name, namespace = '' } = hook.metadata
  const secretName = urlSecretOf(hook)
  const path = secretName === undefined ? undefined : objectPath(secrets, namespace, secretName)
  const found = hookURL(hook, path === undefined ? undefined : await ask(api, { method: 'GET', path }))
  if (!('problem' in found)) {
    if (!isBeforeRotation(hook)) return found
    throw new RefusedError(409, 'NoURL', `the controller has not published the new URL of ${name} yet`)
  }
  switch (found.problem) {
    case 'none':
      throw new RefusedError(409, 'NoURL', `the controller has not published a URL for ${name} yet`)
    case 'foreign':
      throw new RefusedError(409, 'NoURL', `Secret/${secretName} does not belong to ${name}`)
    case 'unusable':
      throw new RefusedError(409, 'NoURL', `hook ${name} has no usable URL: ${found.message}`)
  }
}
