import { at, isObject, stringAt, type JsonObject } from '../../../api/json.ts'
import { apiVersion, hookKind, objectNameRule } from '../../../api/names.ts'
import type { StoredObject } from '../../../api/object.ts'
import { collectionPath, objectPath } from '../../../kube/paths.ts'
import { hooks } from '../../../kube/resources.ts'
import type { Seen, Stored } from '../../protocol.ts'
import { ApiRefused, ask } from '../api.ts'
import type { Asked, Handler } from '../context.ts'
import { json, Refused, type PageAnswer } from '../exchange.ts'
import { hookAsUser } from './hook.ts'

const fieldManager = 'receiver-hooks-dashboard'

/** How often a change is made again where only the status was written meanwhile. */
const attempts = 5

/** Creates a hook; a name that is taken is refused. */
export const createHook: Handler = async (_context, asked) => {
  const namespace = stringAt(asked.body, 'namespace') ?? ''
  const name = stringAt(asked.body, 'name') ?? ''
  if (!objectNameRule.holds(namespace)) throw badRequest('namespace must be the name of a namespace')
  const made = await ask(asked.session.api, {
    method: 'POST',
    path: collectionPath(hooks, namespace),
    query: writing(asked),
    body: JSON.stringify({ apiVersion, kind: hookKind, metadata: { name, namespace }, spec: specIn(asked.body) }),
  })
  return json(201, storedOf(made))
}

/** Replaces the spec of the hook that its author has seen. Labels and annotations stay. */
export const replaceHook: Handler = async (_context, asked) => {
  const spec = specIn(asked.body)
  const stored = await changing(asked, hook =>
    ask(asked.session.api, {
      method: 'PUT',
      path: pathOf(asked),
      query: writing(asked),
      body: JSON.stringify({ ...hook, spec }),
    }),
  )
  return json(200, storedOf(stored))
}

export const suspendHook: Handler = (_context, asked) => patched(asked, () => ({ suspend: true }))
export const resumeHook: Handler = (_context, asked) => patched(asked, () => ({ suspend: false }))

/** Raises the rotation, so that the hook gets a new URL. The body may say how long the old one is taken. */
export const rotateHook: Handler = (_context, asked) => {
  const overlap = stringAt(asked.body, 'overlap')
  return patched(asked, hook => {
    const rotation = Number(at(hook, 'spec', 'token', 'rotation') ?? 0) + 1
    return { token: { rotation, ...(overlap === undefined ? {} : { overlap }) } }
  })
}

/** Deletes the hook that its author has seen. */
export const deleteHook: Handler = async (_context, asked) => {
  await changing(asked, hook => {
    const { resourceVersion, uid } = hook.metadata
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
    return ask(asked.session.api, { method: 'DELETE', path: pathOf(asked), body: JSON.stringify(options) })
  })
  return json(200, {})
}

const patched = async (asked: Asked, spec: (hook: StoredObject) => JsonObject): Promise<PageAnswer> => {
  const stored = await changing(asked, hook => {
    const { resourceVersion, uid } = hook.metadata
    return ask(asked.session.api, {
      method: 'PATCH',
      path: pathOf(asked),
      query: writing(asked),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { resourceVersion, uid }, spec: spec(hook) }),
    })
  })
  return json(200, storedOf(stored))
}

/**
 * Makes a change that carries the resourceVersion of a hook whose uid and generation are those that its author has seen. A
 * status that is written meanwhile changes nothing that the author decides on: the change is made again then.
 */
const changing = async <T>(asked: Asked, change: (hook: StoredObject) => Promise<T>): Promise<T> => {
  const seen = seenIn(asked.body)
  for (let attempt = 1; ; attempt++) {
    const hook = await hookAsUser(asked.session.api, asked.namespace, asked.name)
    refuseUnseen(hook, seen)
    try {
      return await change(hook)
    } catch (error) {
      const conflict = error instanceof ApiRefused && error.status === 409
      if (!conflict || attempt === attempts) throw error
    }
  }
}

const refuseUnseen = ({ metadata: { generation, name, uid } }: StoredObject, seen: Seen): void => {
  if (uid !== seen.uid) {
    throw new Refused(409, 'Replaced', `${name} was deleted and made anew since you looked: look at the new one first`)
  }
  if (generation !== seen.generation) {
    throw new Refused(409, 'Changed', `${name} was changed by somebody else since you looked: look at it again first`)
  }
}

const writing = ({ query }: Asked): Readonly<Record<string, string>> => ({
  fieldManager,
  fieldValidation: 'Strict',
  ...(query.get('dryRun') === 'true' ? { dryRun: 'All' } : {}),
})

const pathOf = ({ name, namespace }: Asked): string => objectPath(hooks, namespace, name)

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

const badRequest = (message: string): Refused => new Refused(400, 'BadRequest', message)

/** What a dry run gives has no resourceVersion: nothing was stored. */
const storedOf = (object: JsonObject): Stored => ({
  namespace: stringAt(object, 'metadata', 'namespace') ?? '',
  name: stringAt(object, 'metadata', 'name') ?? '',
  uid: stringAt(object, 'metadata', 'uid') ?? '',
  generation: Number(at(object, 'metadata', 'generation') ?? 0),
})
