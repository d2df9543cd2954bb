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
import { stopIn, type Stop } from '../token/stop.ts'
import { compareVersions } from '../api/mark.ts'
import { keyReadEveryMs } from './limits.ts'

/** The content of the ConfigMap of the public keys. */
export interface Published extends PublicKeys {
  /** Present while all hooks are stopped. */
  readonly stop?: Stop | undefined
}

/** The public keys as this process knows them. */
export interface Keys {
  /** Returns the newest known key set, or undefined before the controller has published one. */
  current(): Published | undefined
  /** Returns whether `current` was the published set at some time within the last `currentForMs`. */
  fresh(): boolean
  /** Returns why the keys cannot be read or watched, or undefined. */
  readonly problem: Following['problem']
  /**
   * Reads the key set with a request that begins after this call, so the result has everything
   * published before. All callers before the request begins share it. It begins at most {@link
   * keyReadEveryMs} later. Throws the errors of the read.
   */
  readAgain(): Promise<Published | undefined>
  /**
   * Reads the key set with a request that began at most `currentForMs` ago. Use it when {@link
   * fresh} is false. Throws the errors of the read.
   */
  readRecent(): Promise<Published | undefined>
  readonly run: Following['run']
}

/** Returns whether a set is an earlier version of the same object. */
const isOlder = (one: Published | undefined, other: Published | undefined): boolean => {
  const [uid, version = ''] = one?.version.split('/') ?? []
  const [otherUid, otherVersion = ''] = other?.version.split('/') ?? []
  return uid !== undefined && uid === otherUid && compareVersions(version, otherVersion) < 0
}

export const publicKeyCache = (environment: Environment, namespace: string, follow?: Follow): Keys => {
  const { api, clock, log, metrics } = environment
  const stopped = metrics.gauge('receiverhooks_stopped', '1 while all hooks are stopped, else 0.', [])

  const parse = (object: StoredObject): Published | undefined => {
    const text = stringAt(at(object, 'data'), keySetEntry)
    if (text === undefined) return undefined
    try {
      const version = `${object.metadata.uid}/${object.metadata.resourceVersion}`
      return { ...parsePublicKeys(text, version), stop: stopIn(object.metadata.annotations) }
    } catch (error) {
      log.error({ configMap: `${namespace}/${publicKeysConfigMap}`, error }, "can't read the public keys")
      return undefined
    }
  }

  const cache = watchedCache<Published>(
    environment,
    { type: configMaps, namespace, fieldSelector: `metadata.name=${publicKeysConfigMap}`, keep: parse },
    follow,
  )

  /** The result of the last live read, until the watch reports something newer. */
  let readLive: Published | undefined
  /** How many changes the watch has reported. */
  let changes = 0
  cache.subscribe(({ now }) => {
    changes += 1
    // After a pause, the watch first reports what was stored before a live read.
    if (!isOlder(now, readLive)) readLive = undefined
    stopped.set({}, now?.stop ? 1 : 0)
  })
  const shared = singleFlight<Published | undefined>()
  let lastRead = -Infinity
  /** When the read of `readLive` began, in monotonic milliseconds. */
  let liveSince = -Infinity

  const readNext = async (depart: () => void): Promise<Published | undefined> => {
    // Forged key ids must not cause a flood of reads. A post with a real key id waits at most this
    // long for the next read.
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
    // The watch may have reported a newer set meanwhile. This answer must not bring back a key that
    // was removed.
    const watched = cache.get(namespace, publicKeysConfigMap)
    if (changes !== before && found?.version !== watched?.version) return await readAgain()
    readLive = found
    liveSince = began
    return readLive
  }

  const readAgain = (): Promise<Published | undefined> => shared('', readNext)
  // A caller during a read need not wait for the next one, which begins a second later. But if the
  // process was paused, the read may have begun too long ago.
  const joined = singleFlight<Published | undefined>({ clock, forMs: currentForMs })
  const readRecent = (): Promise<Published | undefined> => {
    let isMine = false
    const answer = joined('', () => {
      isMine = true
      return readAgain()
    })
    // If a shared read fails that began before this call, the cause may be over. So the keys are
    // read again.
    return isMine ? answer : answer.catch(readAgain)
  }

  return {
    current: () => readLive ?? cache.get(namespace, publicKeysConfigMap),
    fresh: () => cache.fresh() || (readLive !== undefined && clock.monotonic() - liveSince < currentForMs),
    problem: cache.problem,
    readAgain,
    readRecent,
    run: cache.run,
  }
}
