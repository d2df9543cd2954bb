import { at, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { hookKind, hookPlural } from '../../../src/api/names.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { algorithm, tokenType } from '../../../src/token/claims.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'

/** A token that a hook once had. */
export interface Published {
  readonly token: string
  /** What it says. */
  readonly uid: string
  readonly rotation: number
  /** The key that it is signed with; empty where it is forged. */
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
  /** All that were ever there, those of the hook that there is now at the end, and of its last rotation the one written last. */
  of(hook: string): readonly Published[]
}

export const readTokens = (server: SimulatedServer): Board => {
  const tokens = new Map<string, Published[]>()
  /** What stands where. */
  const standing = new Map<string, string | undefined>()
  /** Which hook has a name now, and which rotation its spec asks for. */
  const living = new Map<string, Pick<Published, 'uid' | 'rotation'>>()
  server.onStored(({ deleted, object, resource }) => {
    if (deleted) return
    if (resource === hookPlural) {
      const { name, uid } = object.metadata
      living.set(name, { uid, rotation: Number(at(object, 'spec', 'token', 'rotation')) })
    }
    const [hook, token] = tokenIn(resource, object)
    const where = `${resource} ${object.metadata.uid}`
    const isNew = token !== standing.get(where)
    standing.set(where, token)
    if (token === undefined || !isNew) return
    const known = tokens.get(hook) ?? []
    tokens.set(hook, [...known.filter(other => other.token !== token), { token, ...claimsIn(token) }])
  })
  return {
    of: hook => {
      const now = living.get(hook)
      const isOfNow = ({ uid }: Published): boolean => uid === now?.uid
      // Where the storage was set back, later rotations are lost, until there are so many again: they have the same tokens.
      const known = (tokens.get(hook) ?? []).filter(
        token => !isOfNow(token) || token.rotation <= (now?.rotation ?? Infinity),
      )
      // A Secret of a hook that was deleted, or that has been rotated or no longer names it, can be written late.
      const present = known.filter(isOfNow).toSorted((a, b) => a.rotation - b.rotation)
      return [...known.filter(token => !isOfNow(token)), ...present]
    },
  }
}

/** A token that looks just like another, and that nobody has signed: with a key that there is, or with one that there never was. */
export const forged = (rng: Rng, { token, ...published }: Published): Published => {
  const [header = '', claims = ''] = token.split('.')
  const kid = Buffer.from(rng.bytes(32)).toString('base64url')
  const unknown = Buffer.from(JSON.stringify({ alg: algorithm, typ: tokenType, kid })).toString('base64url')
  const signature = Buffer.from(rng.bytes(64)).toString('base64url')
  return { ...published, kid: '', token: `${rng.chance(0.5) ? unknown : header}.${claims}.${signature}` }
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
