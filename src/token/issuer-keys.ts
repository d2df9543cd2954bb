import type { JWK } from 'jose'
import { at, isObject, stringAt, tryParseJson } from '../api/json.ts'
import { waitAfter } from '../environment/backoff.ts'
import { jittered } from '../environment/chance.ts'
import type { Environment } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { wait, within } from '../environment/wait.ts'
import { ofCluster, type Issuer } from './issuer.ts'

/** A public key of an issuer. The object stays the same while the issuer publishes the same key. */
export interface IssuerKey {
  readonly jwk: JWK
  /** The algorithms that fit the key. */
  readonly algorithms: readonly string[]
}

/**
 * The public keys of the issuers that this installation allows. They are read when the process
 * starts and every few minutes after that. Posts cause a read only for an unknown key, once in ten
 * seconds for each issuer.
 */
export interface IssuerKeys {
  /** Returns whether hooks may name this issuer. */
  allows(issuer: string): boolean
  /**
   * Returns a key of an allowed issuer. `unknown`: the issuer has no such key. `unavailable`: that
   * cannot be known now. Takes two seconds at most.
   */
  find(issuer: string, kid: string): Promise<IssuerKey | 'unknown' | 'unavailable'>
  /**
   * Returns why tokens of an allowed issuer cannot be verified now, or undefined. Waits only for the
   * first read, shortly after the start: one issuer must not delay the hooks of others.
   */
  problem(issuer: string): Promise<string | undefined>
  /** Reads the keys regularly until `stop` is aborted. */
  run(stop: AbortSignal): Promise<void>
}

/** How often keys are read, in milliseconds. */
const readEveryMs = 600_000
/** The waits after failed reads. */
const failedBackoff = { firstMs: 10_000, maxMs: 60_000 }
/** How often posts may cause a read, in milliseconds. */
const askedEveryMs = 10_000
/** How long a post waits for a read, in milliseconds. */
const waitMs = 2000
/** How long after the start somebody may wait for the first read, in milliseconds. */
const firstReadMs = 5000
/** How many posts may wait for a read of one issuer's keys. */
const maxWaiting = 32
/** How long each request to an issuer may take, in milliseconds. */
const requestWithinMs = 5000
/** How long keys are used while the issuer cannot be reached, in milliseconds. */
const keptMs = 24 * 3_600_000
/** The longest answer of an issuer, in bytes. */
const maxAnswerBytes = 256 * 1024
/** How many keys of an issuer are used. Large issuers have ten. */
const maxKeys = 64

/**
 * The path of the keys with which an API server signs the tokens of service accounts
 * (https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery).
 */
const clusterKeys = '/openid/v1/jwks'

/** What is known of an issuer. Times are monotonic milliseconds. */
interface Known {
  readonly issuer: Issuer
  readonly since: number
  keys: ReadonlyMap<string, IssuerKey>
  /** When the keys were read. Undefined: never. */
  readAt: number | undefined
  /** When the last read began. */
  triedAt: number
  /** Why the last read failed. Undefined if it did not. */
  failure: string | undefined
  reading: Promise<void> | undefined
  waiting: number
}

type Deps = Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'outbound' | 'random'>

export const issuerKeysOf = (environment: Deps, issuers: readonly Issuer[]): IssuerKeys => {
  const { clock, log, metrics, random } = environment
  const age = metrics.gauge(
    'receiverhooks_issuer_keys_age_seconds',
    "How old an issuer's keys were when they were last asked for. 0 if they could be read.",
    ['issuer'],
  )
  const known = new Map(issuers.map(issuer => [issuer.url, newlyKnown(issuer, clock.monotonic())]))

  const isUsable = ({ keys, readAt }: Known): boolean =>
    keys.size > 0 && readAt !== undefined && clock.monotonic() - readAt < keptMs

  const note = (of: Known, failure: string | undefined): void => {
    const { url } = of.issuer
    const ageMs = clock.monotonic() - (of.readAt ?? of.since)
    age.set({ issuer: url }, failure === undefined ? 0 : ageMs / 1000)
    if (failure !== of.failure) {
      if (failure === undefined) log.info({ issuer: url }, "an issuer's keys are readable again")
      else log.warn({ issuer: url, why: failure, used: isUsable(of) }, "can't read an issuer's keys")
    }
    of.failure = failure
  }

  /** Reads the keys of an issuer. Simultaneous callers share one read. */
  const readOnce = (of: Known): Promise<void> =>
    (of.reading ??= (async () => {
      of.triedAt = clock.monotonic()
      const found = await readKeys(environment, of.issuer)
      if (typeof found === 'string') return note(of, found)
      // A key that the issuer has removed may have leaked, also if there is no other one yet.
      of.keys = keptObjects(of.keys, found)
      if (found.size === 0) return note(of, noUsableKey)
      of.readAt = of.triedAt
      note(of, undefined)
    })().finally(() => (of.reading = undefined)))

  /**
   * Waits for a read that is running or may begin now. Returns false if the state is not known. A read that began long ago
   * shows nothing of now, and is followed by another one: the process may have stood still, and the issuer may have a new key.
   */
  const afterRead = async (of: Known): Promise<boolean> => {
    const isOld = clock.monotonic() - of.triedAt >= askedEveryMs
    if (of.reading === undefined && !isOld) return of.failure === undefined
    if (of.waiting >= maxWaiting) return false
    of.waiting += 1
    const read = of.reading !== undefined && isOld ? of.reading.then(() => readOnce(of)) : readOnce(of)
    const isOver = await within(
      clock,
      waitMs,
      read.then(() => true),
    ).finally(() => (of.waiting -= 1))
    return isOver === true && of.failure === undefined
  }

  const keepReading = async (of: Known, stop: AbortSignal): Promise<void> => {
    for (let failures = 0; !stop.aborted;) {
      await readOnce(of)
      failures = of.failure === undefined ? 0 : failures + 1
      const ms = failures === 0 ? readEveryMs : waitAfter(failedBackoff, failures - 1)
      await wait(clock, jittered(random, ms, 0.1), stop)
    }
  }

  return {
    allows: issuer => known.has(issuer),
    find: async (issuer, kid) => {
      const of = known.get(issuer)
      if (!of) return 'unknown'
      if (isUsable(of) && of.keys.has(kid)) return of.keys.get(kid) ?? 'unknown'
      const isKnown = await afterRead(of)
      if (!isUsable(of)) return 'unavailable'
      return of.keys.get(kid) ?? (isKnown ? 'unknown' : 'unavailable')
    },
    problem: async issuer => {
      const of = known.get(issuer)
      if (!of || isUsable(of)) return undefined
      const firstMs = of.since + firstReadMs - clock.monotonic()
      if (firstMs > 0 && of.failure === undefined) await within(clock, firstMs, readOnce(of))
      return isUsable(of) ? undefined : (of.failure ?? 'its keys are still being read')
    },
    run: async stop => {
      await Promise.all([...known.values()].map(of => keepReading(of, stop)))
    },
  }
}

/** No issuer: hooks can name none. */
export const noIssuers: IssuerKeys = {
  allows: () => false,
  find: async () => 'unknown',
  problem: async () => undefined,
  run: async () => {},
}

const newlyKnown = (issuer: Issuer, since: number): Known => ({
  issuer,
  since,
  keys: new Map(),
  readAt: undefined,
  triedAt: -Infinity,
  failure: undefined,
  reading: undefined,
  waiting: 0,
})

/** Returns the new keys. One that has not changed stays the same object, so that tokens verified with it count as verified. */
const keptObjects = (
  before: ReadonlyMap<string, IssuerKey>,
  found: ReadonlyMap<string, IssuerKey>,
): ReadonlyMap<string, IssuerKey> =>
  new Map(
    [...found].map(([kid, key]) => {
      const former = before.get(kid)
      return [kid, former && JSON.stringify(former) === JSON.stringify(key) ? former : key]
    }),
  )

type Keys = ReadonlyMap<string, IssuerKey>

/** Reads the keys of an issuer. Returns why it cannot if so, in words that end a sentence. */
const readKeys = async (environment: Deps, issuer: Issuer): Promise<Keys | string> => {
  const get = (url: string): Promise<unknown> =>
    issuer.keys === ofCluster ? askCluster(environment, url) : askIssuer(environment, url)
  try {
    if (issuer.keys !== undefined && issuer.keys !== ofCluster) return keysIn(await get(issuer.keys))
    const base = issuer.keys === ofCluster ? '' : issuer.url.replace(/\/$/, '')
    const description = await get(`${base}/.well-known/openid-configuration`)
    const name = stringAt(description, 'issuer')
    if (name !== issuer.url) return 'it identifies itself as a different issuer'
    const url = issuer.keys === ofCluster ? clusterKeys : (stringAt(description, 'jwks_uri') ?? '')
    return issuer.keys === ofCluster || isOfHost(url, issuer.url)
      ? keysIn(await get(url))
      : 'its keys are on another host: name their URL after the issuer, with ,keys=URL'
  } catch (error) {
    if (error instanceof NoKeys) return error.message
    if (error instanceof Unreachable) return "can't reach its host"
    throw error
  }
}

/** Why keys cannot be read. The message quotes nothing that the issuer has sent. */
class NoKeys extends Error {}

const askIssuer = async ({ outbound }: Deps, url: string): Promise<unknown> => {
  const answer = await outbound({ method: 'GET', url, timeoutMs: requestWithinMs, maxBytes: maxAnswerBytes })
  return documentIn(answer)
}

const askCluster = async ({ api }: Deps, path: string): Promise<unknown> => {
  const limits = { lane: 'bulk', timeoutMs: requestWithinMs, maxBytes: maxAnswerBytes } as const
  const form = path === clusterKeys ? ({ as: 'key set' } as const) : {}
  const answer = await api.request({ method: 'GET', path, ...form, ...limits })
  if (answer.status === 403) {
    throw new NoKeys('this account lacks the ClusterRole system:service-account-issuer-discovery')
  }
  return documentIn(answer)
}

const documentIn = ({ body, status }: { readonly body: string; readonly status: number }): unknown => {
  if (status >= 300 && status < 400) throw new NoKeys('its host answered with a redirect, which is not followed')
  if (status !== 200) throw new NoKeys(`its host answered ${status}`)
  const document = tryParseJson(body)
  if (!isObject(document)) throw new NoKeys('its host did not answer with a JSON object of at most 256 KiB')
  return document
}

const isOfHost = (url: string, issuer: string): boolean =>
  URL.canParse(url) && new URL(url).origin === new URL(issuer).origin

/** Returns the usable keys of a key set (RFC 7517), by their ids. */
const keysIn = (document: unknown): Keys | string => {
  const listed = at(document, 'keys')
  if (!Array.isArray(listed)) return 'it published no key set'
  const keys = new Map<string, IssuerKey>()
  for (const jwk of listed.slice(0, maxKeys)) {
    const kid = stringAt(jwk, 'kid')
    const key = usableKey(jwk)
    if (kid !== undefined && key && !keys.has(kid)) keys.set(kid, key)
  }
  return keys
}

const noUsableKey = 'it published no usable key: it needs an id, and RS256, PS256, ES256 or EdDSA'

/** Returns a public key for signatures, or undefined. Takes no secret key, and no size that is weak or slow. */
const usableKey = (jwk: unknown): IssuerKey | undefined => {
  const member = (name: string): string => stringAt(jwk, name) ?? ''
  const use = at(jwk, 'use')
  if (at(jwk, 'd') !== undefined || (use !== undefined && use !== 'sig')) return undefined
  const [kty, crv, alg] = [member('kty'), member('crv'), at(jwk, 'alg')]
  const fitting = (algorithms: readonly string[], parts: JWK): IssuerKey | undefined => {
    const allowed = algorithms.filter(algorithm => alg === undefined || alg === algorithm)
    return allowed.length > 0 ? { jwk: parts, algorithms: allowed } : undefined
  }
  if (kty === 'RSA') {
    const [n, e] = [member('n'), member('e')]
    const bytes = Buffer.from(n, 'base64url').length
    return bytes >= 256 && bytes <= 512 && e.length > 0 && e.length <= 8
      ? fitting(['RS256', 'PS256'], { kty, n, e })
      : undefined
  }
  if (kty === 'EC' && crv === 'P-256') return fitting(['ES256'], { kty, crv, x: member('x'), y: member('y') })
  return kty === 'OKP' && crv === 'Ed25519' ? fitting(['EdDSA'], { kty, crv, x: member('x') }) : undefined
}
