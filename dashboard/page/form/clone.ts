import { at, isObject } from '../../../src/api/json.ts'
import type { Value } from './value.ts'

/**
 * Returns the spec of a clone. It leaves out the rotation, and the Secret for the URL, which two
 * hooks cannot share. `hadSecret`: the hook has such a Secret.
 */
export const cloneSpec = (spec: Value): { readonly spec: Value; readonly hadSecret: boolean } => {
  const token = spec['token']
  if (!isObject(token)) return { spec, hadSecret: false }
  const { rotation: _rotation, secretName, ...kept } = token
  const { token: _token, ...rest } = spec
  return {
    spec: Object.keys(kept).length === 0 ? rest : { ...rest, token: kept },
    hadSecret: secretName !== undefined,
  }
}

/** Returns an unused name that is similar to `name`. */
export const freeName = (name: string, taken: ReadonlySet<string>): string => {
  if (!taken.has(name)) return name
  const stem = name.replace(/-\d+$/, '')
  for (let number = 2; ; number++) if (!taken.has(`${stem}-${number}`)) return `${stem}-${number}`
}

const opposites = { up: 'down', down: 'up' } as const

const directionOf = (spec: Value): 'up' | 'down' | undefined => {
  const action = at(spec, String(spec['driver']), 'action')
  return action === 'up' || action === 'down' ? action : undefined
}

/**
 * Returns the name and the spec of the opposite hook. Undefined if the hook's action is neither
 * `up` nor `down`.
 */
export const oppositeOf = (
  name: string,
  spec: Value,
  taken: ReadonlySet<string>,
): { readonly name: string; readonly spec: Value } | undefined => {
  const action = directionOf(spec)
  if (action === undefined) return undefined
  const opposite = opposites[action]
  const words = name.split('-')
  const named = words.includes(action)
    ? words.map(word => (word === action ? opposite : word)).join('-')
    : `${name}-${opposite}`
  const driver = String(spec['driver'])
  const member = spec[driver]
  const { spec: cloned } = cloneSpec(spec)
  return {
    name: freeName(named, taken),
    spec: { ...cloned, [driver]: { ...(isObject(member) ? member : {}), action: opposite } },
  }
}
