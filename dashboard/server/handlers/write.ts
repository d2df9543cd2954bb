import type { Request } from 'express'
import { at, isObject, stringAt, type JsonObject } from '../../../src/api/json.ts'
import { apiVersion, hookKind, objectNameRule } from '../../../src/api/names.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { rfc3339 } from '../../../src/environment/time.ts'
import { collectionPath, objectPath } from '../../../src/kube/paths.ts'
import { hooks } from '../../../src/kube/resources.ts'
import type { DraftTaken, Seen } from '../../protocol.ts'
import { ApiRefused, ask, askTime } from '../api.ts'
import { parameter, type Api, type Context } from '../context.ts'
import { RefusedError } from '../refused.ts'
import { hookAsUser, worstOfHook } from './hook.ts'

const fieldManager = 'receiver-hooks-dashboard'

/**
 * How many times a change is tried, if the API server answers 409 because the status was written
 * meanwhile.
 */
const attempts = 5

/** A change of a hook, as the page sends it. */
interface Change {
  readonly api: ApiConnection
  readonly namespace: string
  readonly name: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
}

export const writeRoutes = (router: Api, { sessionOf, world }: Context): void => {
  const changeIn = (request: Request<{ readonly namespace: string; readonly name: string }>): Change => ({
    ...request.params,
    api: sessionOf(request).api,
    query: writing(request.query),
    body: request.body,
  })

  // Creates a hook. A name in use is refused.
  router.post('/hooks', async (request, response) => {
    const namespace = stringAt(request.body, 'namespace') ?? ''
    const name = stringAt(request.body, 'name') ?? ''
    if (!objectNameRule.holds(namespace)) throw badRequest('namespace must be the name of a namespace')
    const made = await ask(sessionOf(request).api, {
      method: 'POST',
      path: collectionPath(hooks, namespace),
      query: writing(request.query),
      body: JSON.stringify({ apiVersion, kind: hookKind, metadata: { name, namespace }, spec: specIn(request.body) }),
    })
    response.status(201).json(answerTo(request, made))
  })

  // Replaces the spec of a hook, if nobody has changed the spec since the user read it. Labels and
  // annotations stay.
  router.put('/hooks/:namespace/:name', async (request, response) => {
    const change = changeIn(request)
    const spec = specIn(change.body)
    const stored = await changing(change, hook =>
      ask(change.api, {
        method: 'PUT',
        path: pathOf(change),
        query: change.query,
        body: JSON.stringify({ ...hook, spec }),
      }),
    )
    response.json(answerTo(request, stored))
  })

  router.post('/hooks/:namespace/:name/suspend', async (request, response) => {
    response.json(await patched(changeIn(request), () => ({ suspend: true })))
  })
  router.post('/hooks/:namespace/:name/resume', async (request, response) => {
    response.json(await patched(changeIn(request), () => ({ suspend: false })))
  })

  // Ends what the hook has leased until now, by the clock of the API server. The field has whole
  // seconds, so it is the next one: what was leased in the present second ends too.
  router.post('/hooks/:namespace/:name/end', async (request, response) => {
    const change = changeIn(request)
    const now = (await askTime(change.api)) ?? world.clock.now()
    const endBefore = rfc3339(now + 1000)
    response.json(await patched(change, () => ({ endBefore })))
  })

  // Raises the rotation, which gives the hook a new URL. The body may set how long the old one is
  // accepted.
  router.post('/hooks/:namespace/:name/rotate', async (request, response) => {
    const overlap = stringAt(request.body, 'overlap')
    const rotated = await patched(changeIn(request), hook => {
      const rotation = Number(at(hook, 'spec', 'token', 'rotation') ?? 0) + 1
      return { token: { rotation, ...(overlap === undefined ? {} : { overlap }) } }
    })
    response.json(rotated)
  })

  // Deletes a hook, if nobody has changed its spec since the user read it.
  router.delete('/hooks/:namespace/:name', async (request, response) => {
    const change = changeIn(request)
    await changing(change, hook => {
      const { resourceVersion, uid } = hook.metadata
      const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
      return ask(change.api, { method: 'DELETE', path: pathOf(change), body: JSON.stringify(options) })
    })
    response.json({})
  })
}

/** Changes the spec of a hook. Resolves with an empty answer. */
const patched = async (change: Change, spec: (hook: StoredObject) => JsonObject): Promise<object> => {
  await changing(change, hook => {
    const { resourceVersion, uid } = hook.metadata
    return ask(change.api, {
      method: 'PATCH',
      path: pathOf(change),
      query: change.query,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { resourceVersion, uid }, spec: spec(hook) }),
    })
  })
  return {}
}

/**
 * Changes a hook with its resourceVersion. The hook must have the uid and the generation that the
 * user has seen. If only the status was written meanwhile, the change is repeated.
 */
const changing = async <T>(
  { api, body, name, namespace }: Change,
  make: (hook: StoredObject) => Promise<T>,
): Promise<T> => {
  const seen = seenIn(body)
  for (let attempt = 1; ; attempt++) {
    const hook = await hookAsUser(api, namespace, name)
    refuseUnseen(hook, seen)
    try {
      return await make(hook)
    } catch (error) {
      const conflict = error instanceof ApiRefused && error.status === 409
      if (!conflict || attempt === attempts) throw error
    }
  }
}

const refuseUnseen = ({ metadata: { generation, name, uid } }: StoredObject, seen: Seen): void => {
  if (uid !== seen.uid) {
    const message = `hook ${name} was deleted and created again since you looked: check the new one first`
    throw new RefusedError(409, 'Replaced', message)
  }
  if (generation !== seen.generation) {
    const message = `someone else has changed hook ${name} since you looked: check it again first`
    throw new RefusedError(409, 'Changed', message)
  }
}

const writing = (query: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> => ({
  fieldManager,
  fieldValidation: 'Strict',
  ...(isDryRun(query) ? { dryRun: 'All' } : {}),
})

const isDryRun = (query: Readonly<Record<string, unknown>>): boolean => parameter(query, 'dryRun') === 'true'

const pathOf = ({ name, namespace }: Change): string => objectPath(hooks, namespace, name)

const seenIn = (body: unknown): Seen => {
  const uid = stringAt(body, 'uid')
  const generation = at(body, 'generation')
  if (uid === undefined || typeof generation !== 'number') throw badRequest('uid and generation must be set')
  return { uid, generation }
}

const specIn = (body: unknown): JsonObject => {
  const spec = at(body, 'spec')
  if (!isObject(spec)) throw badRequest('spec must be an object')
  return spec
}

const badRequest = (message: string): RefusedError => new RefusedError(400, 'BadRequest', message)

/** Returns the answer to the form. On a dry run, it says what the holder of the URL could do. */
const answerTo = ({ query }: Pick<Request, 'query'>, object: JsonObject): DraftTaken => ({
  worst: isDryRun(query) ? worstOfHook(at(object, 'spec'), undefined) : [],
})
