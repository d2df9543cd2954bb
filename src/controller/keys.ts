import { at, stringAt } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'
import type { Environment } from '../environment/environment.ts'
import { isStatus } from '../kube/errors.ts'
import type { EventRecorder } from '../kube/events.ts'
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
import { managedByLabel } from './labels.ts'
import type { ReconcileResult } from './queue.ts'

/** The key that mints tokens, and the keys that decide whether a token is current. */
export interface Keyring {
  readonly signing: SigningKey
  /**
   * The signing key alone. A token of another key is minted again, while the other key stays in the
   * set, so that the old URL still works. So you rotate a key set in three steps: add a key at the
   * end, move it to the front, drop the old one.
   */
  readonly current: PublicKeys
}

/** The signing keys of an installation, in use and in the API server. */
export interface KeyKeeper {
  /** Undefined until the public keys are known to be published. */
  ring(): Keyring | undefined
  /** Makes the Secret if there is none, and the ConfigMap say what the Secret says. Throws what the API throws. */
  reconcile(): Promise<ReconcileResult>
}

/** How long until a Secret that cannot be read is looked at again, unless it changes, in milliseconds. */
const unreadableMs = 300_000

/**
 * How long until keys without a problem are read again, in milliseconds. A watch does not report the
 * deletion of a Secret that it never reported to exist.
 */
const lookAgainMs = 60_000

/** `changed` is called when another key signs from now on, or the set is another. */
export const keyKeeper = (
  environment: Pick<Environment, 'api' | 'log' | 'random'>,
  namespace: string,
  events: EventRecorder,
  changed: () => void,
): KeyKeeper => {
  const { api, log, random } = environment
  let inUse: { readonly jwks: string; readonly ring: Keyring } | undefined
  let complainedOf: string | undefined

  const makeSecret = async (lost: boolean): Promise<StoredObject> => {
    const keys: SigningKeys = [freshSigningKey(random)]
    const secret = await create(api, secrets, namespace, secretOf(keys))
    log.info({ secret: `${namespace}/${signingKeysSecret}`, kid: keys[0].kid }, 'made the signing keys')
    if (lost)
      warn(secret, 'SigningKeysReplaced', 'The signing keys were gone. New ones were made: every hook has a new URL.')
    return secret
  }

  const findSecret = async (lost: boolean): Promise<StoredObject> => {
    const found = await read(api, secrets, namespace, signingKeysSecret)
    if (found) return found
    try {
      return await makeSecret(lost)
    } catch (error) {
      // Another controller was faster: its keys are the keys.
      const theirs = isStatus(error, 409) ? await read(api, secrets, namespace, signingKeysSecret) : undefined
      if (!theirs) throw error
      return theirs
    }
  }

  const parse = (secret: StoredObject): SigningKeys | undefined => {
    try {
      return parseSigningKeys(Buffer.from(stringAt(secret, 'data', keySetEntry) ?? '', 'base64').toString())
    } catch (error) {
      if (!(error instanceof KeySetUnreadable)) throw error
      if (complainedOf !== secret.metadata.resourceVersion) {
        const note = `The entry ${keySetEntry} cannot be read: ${error.message}. Restore it, or delete the Secret to have new keys (and new URLs) made.`
        log.error(
          { secret: `${namespace}/${signingKeysSecret}`, problem: error.message },
          'the signing keys cannot be read',
        )
        warn(secret, 'SigningKeysUnreadable', note)
      }
      complainedOf = secret.metadata.resourceVersion
      return undefined
    }
  }

  const warn = ({ metadata: { name, uid } }: StoredObject, reason: string, note: string, kind = 'Secret'): void =>
    events.emit({
      regarding: { apiVersion: 'v1', kind, namespace, name, uid },
      type: 'Warning',
      reason,
      action: 'EnsureSigningKeys',
      note,
    })

  const warnOfRestored = (configMap: StoredObject): void => {
    log.warn(
      { configMap: `${namespace}/${publicKeysConfigMap}` },
      'somebody else had changed or deleted the public keys: published them again',
    )
    const note = `Somebody else had changed or deleted the public keys: they are again those of the Secret ${signingKeysSecret}. Find out who may write this ConfigMap: with a key of their own in it they can make URLs.`
    warn(configMap, 'PublicKeysRestored', note, 'ConfigMap')
  }

  return {
    ring: () => inUse?.ring,
    reconcile: async () => {
      // The ConfigMap is read before the Secret, and replaced only in the version that was read: so what is put into
      // it comes from a Secret that is at least as new as the one it was made from.
      const published = await read(api, configMaps, namespace, publicKeysConfigMap)
      const secret = await findSecret(published !== undefined || inUse !== undefined)
      const keys = parse(secret)
      if (!keys) return { settled: false, againAfterMs: unreadableMs }
      const jwks = formatPublicKeys(keys)
      if (stringAt(published, 'data', keySetEntry) !== jwks) {
        const wasOurs = inUse?.jwks === jwks || isMadeFrom(published, secret)
        const restored = published
          ? await replace(api, configMaps, namespace, rewritten(published, jwks, secret))
          : await create(api, configMaps, namespace, configMapOf(jwks, secret))
        if (wasOurs) warnOfRestored(restored)
      }
      if (inUse?.jwks !== jwks) {
        const [signing] = keys
        inUse = { jwks, ring: { signing, current: publicKeysOf([signing], signing.kid) } }
        changed()
      }
      return { settled: true, againAfterMs: lookAgainMs }
    },
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

/** Whether a ConfigMap says that it was made from this version of the Secret. */
const isMadeFrom = (published: StoredObject | undefined, secret: StoredObject): boolean =>
  published?.metadata.annotations?.[secretVersionAnnotation] === secret.metadata.resourceVersion

/** The same ConfigMap, in the version that was read, with another key set. What else is in it stays. */
const rewritten = (published: StoredObject, jwks: string, secret: StoredObject): StoredObject => {
  const { metadata, ...members } = published
  const annotations = { ...metadata.annotations, [secretVersionAnnotation]: secret.metadata.resourceVersion }
  return {
    ...members,
    metadata: { ...metadata, annotations },
    data: { ...asObject(at(published, 'data')), [keySetEntry]: jwks },
  }
}

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})
