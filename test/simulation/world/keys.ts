import { parseJson, stringAt } from '../../../src/api/json.ts'
import {
  formatSigningKeys,
  parseSigningKeys,
  seedLength,
  signingKey,
  type SigningKeys,
} from '../../../src/token/keys.ts'
import { keySetEntry, signingKeysSecret } from '../../../src/token/published.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { systemSecretsPath } from './paths.ts'

const path = `${systemSecretsPath}/${signingKeysSecret}`

/** The set of keys that tokens are signed with, the one that signs first; undefined before the product has made some. */
const keySet = (server: SimulatedServer): string | undefined => {
  const { body, status } = server.send('GET', path)
  if (status !== 200) return undefined
  return Buffer.from(stringAt(parseJson(body), 'data', keySetEntry) ?? '', 'base64').toString()
}

/** The key that signs. */
export const signingKid = (server: SimulatedServer): string | undefined =>
  /"kid":"([^"]+)"/.exec(keySet(server) ?? '')?.[1]

const signingKeys = (server: SimulatedServer): SigningKeys | undefined => {
  const set = keySet(server)
  return set === undefined ? undefined : parseSigningKeys(set)
}

const setKeys = (server: SimulatedServer, keys: SigningKeys): void => {
  const data = { [keySetEntry]: Buffer.from(formatSigningKeys(keys)).toString('base64') }
  server.send('PATCH', path, { data })
}

/** The three steps of a rotation: a new key is known, signs, and is the only one. */
export const addKey = (server: SimulatedServer, rng: Rng): void => {
  const keys = signingKeys(server)
  if (keys) setKeys(server, [...keys, signingKey(rng.bytes(seedLength))])
}

export const signWithLast = (server: SimulatedServer): void => {
  const keys = signingKeys(server)
  const last = keys?.at(-1)
  if (keys && last) setKeys(server, [last, ...keys.slice(0, -1)])
}

export const dropOthers = (server: SimulatedServer): void => {
  const keys = signingKeys(server)
  if (keys) setKeys(server, [keys[0]])
}

/** Somebody rotates the keys, with more or less patience; or deletes them all, so that no URL is good any more. */
export const rotateKeys =
  (server: SimulatedServer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    if (rng.chance(0.1)) {
      did('deletes the signing keys')
      server.send('DELETE', path)
      return
    }
    const timeoutMs = rng.pick([100, 1500, 4000])
    did('adds a signing key')
    addKey(server, rng)
    await sleep(rng.int(0, timeoutMs))
    did('signs with the new key')
    signWithLast(server)
    await sleep(rng.int(0, timeoutMs))
    did('drops the former keys')
    dropOthers(server)
  }
