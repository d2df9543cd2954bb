import { sign } from 'node:crypto'
import { formatPublicKeys, signingKey, type SigningKey } from '../../src/token/keys.ts'
import type { IdTokenProof } from './happened.ts'

/** The issuer that the installation of a history allows, and another one, which it does not. */
export const issuerURL = 'https://issuer.example.com'
export const otherIssuerURL = 'https://issuer.example.org'

/** What the issuer's host makes of a request. */
export type Mood =
  | 'answers'
  | 'refuses'
  | 'hangs'
  | 'fails'
  | 'redirects'
  | 'names another issuer'
  | 'leads elsewhere'
  | 'has no keys'

/** An answer of the host of the issuer, and what can be used of it: the ids of keys, where they are, or nothing. */
export interface IssuerAnswer {
  readonly status: number
  readonly body: string
  readonly gives: readonly string[] | 'description' | 'nothing'
}

/** An issuer of ID tokens, whose keys rotate and which goes away. */
export interface SimulatedIssuer {
  answer(path: string): IssuerAnswer | 'refuses' | 'hangs'
  /** The ids of the keys that it has signed with, the present one last. */
  readonly signed: readonly string[]
  /** Publishes a key that was never published, in addition to those that are. Returns whether it had one. */
  publish(): boolean
  /** Signs with the newest key from now on. */
  sign(): void
  /** Removes all keys from what it publishes but the one that signs, and newer ones. */
  removeFormer(): void
  behave(mood: Mood): void
  /** Serves an earlier key set for as long as it lags. */
  lag(lags: boolean): void
}

/** The same in all histories: to make them takes chance and time, which a history does not have. */
const keyOf = (number: number): SigningKey => signingKey(new Uint8Array(32).fill(number))
const keys = Array.from({ length: 24 }, (_, index) => keyOf(index + 1))
const stranger = keyOf(200)
const byId = new Map([...keys, stranger].map(key => [key.kid, key]))

/** The id of a key that the issuer never publishes. */
export const strangeKid = stranger.kid

export const simulatedIssuer = (): SimulatedIssuer => {
  const [first] = keys
  if (!first) throw new Error('there is no key')
  let published: readonly SigningKey[] = [first]
  let served = published
  let signed: readonly string[] = [first.kid]
  let mood: Mood = 'answers'
  let lags = false

  const change = (to: readonly SigningKey[]): void => {
    published = to
    if (!lags) served = to
  }
  const description = (): object => ({
    issuer: mood === 'names another issuer' ? otherIssuerURL : issuerURL,
    jwks_uri: `${mood === 'leads elsewhere' ? otherIssuerURL : issuerURL}/keys`,
  })
  const nothing = (status: number, body = ''): IssuerAnswer => ({ status, body, gives: 'nothing' })
  return {
    answer: path => {
      if (mood === 'refuses' || mood === 'hangs') return mood
      if (mood === 'fails') return nothing(500)
      if (mood === 'redirects') return nothing(302)
      if (path === '/.well-known/openid-configuration') {
        const isOurs = mood === 'answers' || mood === 'has no keys'
        return { status: 200, body: JSON.stringify(description()), gives: isOurs ? 'description' : 'nothing' }
      }
      const [key, ...others] = served
      if (path !== '/keys' || !key) return nothing(404)
      if (mood === 'has no keys') return { status: 200, body: JSON.stringify({ keys: [] }), gives: [] }
      return { status: 200, body: formatPublicKeys([key, ...others]), gives: served.map(({ kid }) => kid) }
    },
    get signed() {
      return signed
    },
    publish: () => {
      const next = keys[keys.findLastIndex(key => published.includes(key)) + 1]
      if (next) change([...published, next])
      return next !== undefined
    },
    sign: () => {
      const newest = published.at(-1)?.kid ?? ''
      if (signed.at(-1) !== newest) signed = [...signed, newest]
    },
    removeFormer: () => change(published.slice(published.findIndex(({ kid }) => kid === signed.at(-1)))),
    behave: now => {
      mood = now
    },
    lag: now => {
      lags = now
      if (!lags) served = published
    },
  }
}

/** Returns the token that a sender shows. The same parts make the same token. */
export const idTokenOf = ({ audience, claims, expiresAt, isSigned, issuedAt, issuer, kid }: IdTokenProof): string => {
  const body = { iss: issuer, aud: audience, iat: issuedAt, exp: expiresAt, ...claims }
  const signed = `${encoded({ alg: 'EdDSA', typ: 'JWT', kid })}.${encoded(body)}`
  const { privateKey } = (isSigned && byId.get(kid)) || stranger
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
