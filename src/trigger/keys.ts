import { at, stringAt } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'
import type { Environment } from '../environment/environment.ts'
import { singleFlight } from '../environment/single-flight.ts'
import { wait } from '../environment/wait.ts'
import { watchedCache } from '../kube/cache.ts'
import { currentForMs } from '../kube/currency.ts'
import type { Follow, Following } from '../kube/follow.ts'
import { read } from '../kube/requests.ts'
import { configMaps } from '../kube/resources.ts'
import { keySetEntry, publicKeysConfigMap } from '../token/published.ts'
import { parsePublicKeys, type PublicKeys } from '../token/keys.ts'
import { keyReadEveryMs } from './limits.ts'

/** The public keys as this process sees them. */
export interface Keys {
  /** The newest key set that is known; undefined before the controller has published one. */
  current(): PublicKeys | undefined
  /** Whether `current` is what was published at most `currentForMs` ago, or later. */
  fresh(): boolean
  /** Why the keys cannot be read or watched, if they cannot. */
  readonly trouble: Following['trouble']
  /**
   * The key set, read again from the API server by a read that has not begun yet: it has what was published before now. Whoever
   * asks before it begins shares it. Throws what it throws.
   */
  readAgain(): Promise<PublicKeys | undefined>
  /**
   * The key set by a read that began at most `currentForMs` before now, or later: for whoever found `current` not to be fresh.
   * Throws what it throws.
   */
  readRecent(): Promise<PublicKeys | undefined>
  readonly run: Following['run']
}

export const publicKeyCache = (environment: Environment, namespace: string, follow?: Follow): Keys => {
  const { api, clock, log } = environment

  const parse = (object: StoredObject): PublicKeys | undefined => {
    const text = stringAt(at(object, 'data'), keySetEntry)
    if (text === undefined) return undefined
    try {
      return parsePublicKeys(text, `${object.metadata.uid}/${object.metadata.resourceVersion}`)
    } catch (error) {
      log.error({ configMap: `${namespace}/${publicKeysConfigMap}`, error }, 'the public keys cannot be read')
      return undefined
    }
  }

  const cache = watchedCache<PublicKeys>(
    environment,
    { type: configMaps, namespace, fieldSelector: `metadata.name=${publicKeysConfigMap}`, keep: parse },
    follow,
  )

  /** What the last live read found, until the watch tells something newer. */
  let readLive: PublicKeys | undefined
  /** How many changes the watch has told. */
  let changes = 0
  cache.subscribe(() => {
    changes += 1
    readLive = undefined
  })
  const shared = singleFlight<PublicKeys | undefined>()
  let lastRead = -Infinity
  /** When the read began that `readLive` is of. */
  let liveSince = -Infinity

  const readNext = async (depart: () => void): Promise<PublicKeys | undefined> => {
    // Forged key ids must not become a flood of reads; a true one waits for the next read at most this long.
    await wait(clock, Math.max(0, lastRead + keyReadEveryMs - clock.monotonic()))
    depart()
    const began = clock.monotonic()
    lastRead = began
    const before = changes
    const object = await read(api, configMaps, namespace, publicKeysConfigMap, {
      lane: 'step',
      timeoutMs: keyReadEveryMs,
    })
    const found = object && parse(object)
    // The answer may be older than what was told meanwhile, and would bring back a key that was dropped.
    const watched = cache.get(namespace, publicKeysConfigMap)
    if (changes !== before && found?.version !== watched?.version) return await readAgain()
    readLive = found
    liveSince = began
    return readLive
  }

  const readAgain = (): Promise<PublicKeys | undefined> => shared('', readNext)
  // Whoever comes during a read is not to wait for the next one, which begins a second later. It may be long under way, though,
  // where the process stood still: its answer is from before that.
  const joined = singleFlight<PublicKeys | undefined>({ clock, forMs: currentForMs })
  const readRecent = (): Promise<PublicKeys | undefined> => {
    let isMine = false
    const answer = joined('', () => {
      isMine = true
      return readAgain()
    })
    // What a read fails with that began before now may be over.
    return isMine ? answer : answer.catch(readAgain)
  }

  return {
    current: () => readLive ?? cache.get(namespace, publicKeysConfigMap),
    fresh: () => cache.fresh() || (readLive !== undefined && clock.monotonic() - liveSince < currentForMs),
    trouble: cache.trouble,
    readAgain,
    readRecent,
    run: cache.run,
  }
}
