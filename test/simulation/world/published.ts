import { at, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { hookKind, hookPlural } from '../../../src/api/names.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import type { SimulatedServer } from '../server.ts'

/** A token that a hook once had. */
export interface Published {
  readonly token: string
  /** What it says. */
  readonly uid: string
  readonly rotation: number
  /** The key that it is signed with. */
  readonly kid: string
}

/** The token in an object, if there is one, and the hook that it is a token of. */
export const tokenIn = (resource: string, object: StoredObject): readonly [hook: string, token: string | undefined] => {
  if (resource === hookPlural) return [object.metadata.name, stringAt(object, 'status', 'token')]
  const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === hookKind)
  const token = resource === 'secrets' && owner ? stringAt(object, 'data', 'token') : undefined
  return [owner?.name ?? '', token && Buffer.from(token, 'base64').toString()]
}

/** The tokens that can be read in the hooks' statuses, and in their Secrets. */
export interface Board {
  /** All that were ever there, the newest last. */
  of(hook: string): readonly Published[]
}

export const readTokens = (server: SimulatedServer): Board => {
  const tokens = new Map<string, Published[]>()
  server.onStored(({ deleted, object, resource }) => {
    if (deleted) return
    const [hook, token] = tokenIn(resource, object)
    const known = tokens.get(hook) ?? []
    if (token === undefined || known.some(other => other.token === token)) return
    tokens.set(hook, [...known, { token, ...claimsIn(token) }])
  })
  return { of: hook => tokens.get(hook) ?? [] }
}

/** What a token says, taken on trust. */
export const claimsIn = (token: string): Omit<Published, 'token'> => {
  const [header, claims] = token.split('.').map(part => tryParseJson(Buffer.from(part, 'base64url').toString()))
  return {
    uid: stringAt(claims, 'uid') ?? '',
    rotation: Number(at(claims, 'rotation')),
    kid: stringAt(header, 'kid') ?? '',
  }
}
