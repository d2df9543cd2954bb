import { objectAt, stringAt } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'
import type { Environment, Metrics } from '../environment/environment.ts'
import { watchedCache, type Cache } from '../kube/cache.ts'
import { isStatus } from '../kube/errors.ts'
import type { EventRecorder } from '../kube/events.ts'
import type { Follow } from '../kube/follow.ts'
import { create, read, replace } from '../kube/requests.ts'
import { configMaps, secrets } from '../kube/resources.ts'
import {
  formatPublicKeys,
  formatSigningKeys,
  freshSigningKey,
  KeySetUnreadable,
  parseSigningKeys,
  publicKeysOf,
  type PublicKeys,
  type SigningKey,
  type SigningKeys,
} from '../token/keys.ts'
import { keySetEntry, publicKeysConfigMap, secretVersionAnnotation, signingKeysSecret } from '../token/published.ts'
import { LeaseNotHeld } from './fence.ts'
import { managedByLabel } from './secret.ts'
import type { ReconcileResult } from './queue.ts'

/** The key that mints tokens, and the keys that decide whether a token is current. */
export interface Keyring {
  readonly signing: SigningKey
  /**
   * Only the public key of `signing`. A hook whose token was signed with another key gets a new
   * token. The old URL works as long as the other key is in the published set. So you rotate keys
   * in three steps: add a key at the end, move it to the front, drop the old one.
   */
  readonly current: PublicKeys
}

/** How long until an unreadable Secret is read again without a change, in milliseconds. */
const unreadableMs = 300_000

/**
 * How long until keys without a problem are read again, in milliseconds. A watch does not report
 * the deletion of a Secret that it never saw.
 */
const lookAgainMs = 60_000

/** The signing keys of an installation, in memory and in the API server. */
export class KeyKeeper {
  readonly #environment: Pick<Environment, 'api' | 'log' | 'random'>
  readonly #usable: ReturnType<Metrics['gauge']>
  readonly #namespace: string
  readonly #events: EventRecorder
  readonly #changed: () => void
  #inUse: { readonly jwks: string; readonly ring: Keyring } | undefined
  /** The version of the unreadable Secret that was already logged. */
  #complainedOf: string | undefined

  /** Calls `changed` when another key signs or the set changes. */
  constructor(
    environment: Pick<Environment, 'api' | 'log' | 'metrics' | 'random'>,
    namespace: string,
    events: EventRecorder,
    changed: () => void,
  ) {
    this.#environment = environment
    this.#namespace = namespace
    this.#events = events
    this.#changed = changed
    this.#usable = environment.metrics.gauge(
      'receiverhooks_signing_keys_usable',
      '1 if the leader has read the signing keys and published their public keys, else 0. Only the leader has it.',
      [],
    )
    // A gauge without labels begins with 0, which would be an alarm before the first look.
    this.#usable.set({}, undefined)
  }

  /** Returns the keys, or undefined until the public keys are known to be published. */
  ring(): Keyring | undefined {
    return this.#inUse?.ring
  }

  /** Removes what the metrics say of the keys. Call it when this process no longer leads. */
  close(): void {
    this.#usable.set({}, undefined)
  }

  /**
   * Creates the Secret if it is missing, and updates the ConfigMap from it. Throws the API server's
   * errors.
   */
  async reconcile(): Promise<ReconcileResult> {
    try {
      const isUsable = await this.#publish()
      this.#usable.set({}, isUsable ? 1 : 0)
      return isUsable ? { isFinal: true, againAfterMs: lookAgainMs } : { isFinal: false, againAfterMs: unreadableMs }
    } catch (error) {
      // Without the lease another process publishes the keys, and says whether it can.
      if (!(error instanceof LeaseNotHeld)) this.#usable.set({}, 0)
      throw error
    }
  }

  /** Publishes the public keys. Returns whether the Secret could be read. */
  async #publish(): Promise<boolean> {
    const { api } = this.#environment
    // The ConfigMap is read before the Secret, and replaced only if it still has that version. So
    // newer keys are never overwritten with the keys of an older Secret.
    const published = await read(api, configMaps, this.#namespace, publicKeysConfigMap)
    const secret = await this.#findSecret(published !== undefined || this.#inUse !== undefined)
    const keys = this.#parse(secret)
    if (!keys) return false
    const jwks = formatPublicKeys(keys)
    if (stringAt(published, 'data', keySetEntry) !== jwks) {
      const wasOurs = this.#inUse?.jwks === jwks || isMadeFrom(published, secret)
      const restored = published
        ? await replace(api, configMaps, this.#namespace, withKeySet(published, jwks, secret))
        : await create(api, configMaps, this.#namespace, configMapOf(jwks, secret))
      if (wasOurs) this.#warnOfRestored(restored)
    }
    if (this.#inUse?.jwks !== jwks) {
      const [signing] = keys
      this.#inUse = { jwks, ring: { signing, current: publicKeysOf([signing], signing.kid) } }
      this.#changed()
    }
    return true
  }

  async #findSecret(lost: boolean): Promise<StoredObject> {
    const { api } = this.#environment
    const found = await read(api, secrets, this.#namespace, signingKeysSecret)
    if (found) return found
    try {
      return await this.#makeSecret(lost)
    } catch (error) {
      // Another controller created the Secret first. Its keys are used.
      const theirs = isStatus(error, 409) ? await read(api, secrets, this.#namespace, signingKeysSecret) : undefined
      if (!theirs) throw error
      return theirs
    }
  }

  async #makeSecret(lost: boolean): Promise<StoredObject> {
    const { api, log, random } = this.#environment
    const keys: SigningKeys = [freshSigningKey(random)]
    const secret = await create(api, secrets, this.#namespace, secretOf(keys))
    log.info({ secret: `${this.#namespace}/${signingKeysSecret}`, kid: keys[0].kid }, 'created the signing keys')
    if (lost) {
      const note = 'The signing keys were gone. The controller made new ones, so every hook has a new URL.'
      this.#warn(secret, 'SigningKeysReplaced', note)
    }
    return secret
  }

  #parse(secret: StoredObject): SigningKeys | undefined {
    try {
      return parseSigningKeys(Buffer.from(stringAt(secret, 'data', keySetEntry) ?? '', 'base64').toString())
    } catch (error) {
      if (!(error instanceof KeySetUnreadable)) throw error
      if (this.#complainedOf !== secret.metadata.resourceVersion) {
        const note = `Can't read the entry ${keySetEntry}: ${error.message}. Restore it, or delete the Secret: the controller then makes new keys (and new URLs).`
        this.#environment.log.error(
          { secret: `${this.#namespace}/${signingKeysSecret}`, problem: error.message },
          "can't read the signing keys",
        )
        this.#warn(secret, 'SigningKeysUnreadable', note)
      }
      this.#complainedOf = secret.metadata.resourceVersion
      return undefined
    }
  }

  #warn({ metadata: { name, uid } }: StoredObject, reason: string, note: string, kind = 'Secret'): void {
    this.#events.emit({
      regarding: { apiVersion: 'v1', kind, namespace: this.#namespace, name, uid },
      type: 'Warning',
      reason,
      action: 'EnsureSigningKeys',
      note,
    })
  }

  #warnOfRestored(configMap: StoredObject): void {
    this.#environment.log.warn(
      { configMap: `${this.#namespace}/${publicKeysConfigMap}` },
      'someone else changed or deleted the public keys: published them again',
    )
    const note = `Someone else changed or deleted the public keys. The controller has restored them from the Secret ${signingKeysSecret}. Find out who may write this ConfigMap: with a key of their own in it, they can create URLs.`
    this.#warn(configMap, 'PublicKeysRestored', note, 'ConfigMap')
  }
}

const secretOf = (keys: SigningKeys) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: signingKeysSecret, labels: managedByLabel },
  type: 'Opaque',
  data: { [keySetEntry]: Buffer.from(formatSigningKeys(keys)).toString('base64') },
})

const configMapOf = (jwks: string, secret: StoredObject) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: publicKeysConfigMap,
    labels: managedByLabel,
    annotations: { [secretVersionAnnotation]: secret.metadata.resourceVersion },
  },
  data: { [keySetEntry]: jwks },
})

/** Returns whether a ConfigMap was made from this version of the Secret. */
const isMadeFrom = (published: StoredObject | undefined, secret: StoredObject): boolean =>
  published?.metadata.annotations?.[secretVersionAnnotation] === secret.metadata.resourceVersion

/** Returns the ConfigMap in the version that was read, with another key set. Its other entries stay. */
const withKeySet = (published: StoredObject, jwks: string, secret: StoredObject): StoredObject => {
  const { metadata, ...members } = published
  const annotations = { ...metadata.annotations, [secretVersionAnnotation]: secret.metadata.resourceVersion }
  return {
    ...members,
    metadata: { ...metadata, annotations },
    data: { ...objectAt(published, 'data'), [keySetEntry]: jwks },
  }
}

/** Makes the caches that report changes of the signing keys or the public keys. */
export const keyCachesOf = (environment: Environment, namespace: string, follow?: Follow): readonly Cache<true>[] => {
  const keep = (): true => true
  return [
    watchedCache(environment, { type: secrets, namespace, ...named(signingKeysSecret), keep }, follow),
    watchedCache(environment, { type: configMaps, namespace, ...named(publicKeysConfigMap), keep }, follow),
  ]
}

const named = (name: string) => ({ fieldSelector: `metadata.name=${name}` })
