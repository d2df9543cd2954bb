import { hasFormerSecret, type Problem } from '../api/conditions.ts'
import type { ReceiverHook } from '../api/hook.ts'
import type { TokenSpec } from '../api/token-schema.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { ApiError, isStatus } from '../kube/errors.ts'
import type { Claims } from '../token/claims.ts'
import { expiryOf, isCurrent, nextExpiry } from '../token/current.ts'
import { mint } from '../token/mint.ts'
import { endpointPath, namedPath, triggerPath } from '../token/published.ts'
import type { Verifier } from '../token/verify.ts'
import type { Keyring } from './keys.ts'
import { deleteSecrets, ownedSecrets, putSecret, type FormerSecret, type OwnedSecret } from './secret.ts'

export interface CurrentToken {
  readonly token: string
  readonly url: string
  /** The URL without the token. */
  readonly endpoint: string
  readonly claims: Claims
}

/** A former Secret of a hook that is still there. The hook's publication is good all the same. */
interface Former {
  readonly former?: FormerSecret | undefined
}

/** Where a hook's token is published. */
export type Publication =
  /** The token is to be written into the status. */
  | ({ readonly published: 'status' } & CurrentToken & Former)
  /** The token is in its Secret already. */
  | ({ readonly published: 'secret' } & CurrentToken & Former)
  /**
   * The hook has no token: its URL has its name. `url` is undefined if a secret belongs at its end,
   * which only the Secret has.
   */
  | ({ readonly published: 'named'; readonly endpoint: string; readonly url: string | undefined } & Former)
  /** The token is not published: the Secret does not belong to the hook. */
  | { readonly published: 'nowhere'; readonly problem: Problem }

export interface Publishing {
  readonly api: ApiConnection
  readonly verifier: Verifier
  readonly ring: Keyring
  /** The beginning of URLs, without a slash at the end. */
  readonly publicURL: string
}

/**
 * Keeps a hook's token or mints a new one. Writes it into the Secret of `token.secretName`, and
 * deletes Secrets of previous names. The caller writes the status. Throws the API server's errors.
 */
export const publish = async (
  { api, verifier, ring, publicURL }: Publishing,
  hook: ReceiverHook,
  spec: TokenSpec,
  now: number,
): Promise<Publication> => {
  const { secretName } = spec
  if (spec.url === 'named') return await publishNamed({ api, publicURL }, hook)
  const { owned, refusal } = mayHaveSecrets(hook) ? await secretsOf(api, hook, secretName) : noSecrets
  const stored = [...owned.map(({ token }) => token), hook.status?.token].filter(token => token !== undefined)
  const current =
    (await storedToken(verifier, ring, hook, spec, stored, now)) ?? (await newToken(ring, hook, spec, now))
  const url = publicURL + triggerPath + current.token
  if (secretName !== undefined) {
    const put = await putSecret(api, hook, owned, secretName, { url, token: current.token })
    if (put === 'conflict') return { published: 'nowhere', problem: secretConflict(secretName) }
  }
  const others = owned.filter(({ metadata }) => metadata.name !== secretName)
  const former = (await deleteSecrets(api, others)) ?? refusal
  const endpoint = publicURL + endpointPath
  return { published: secretName === undefined ? 'status' : 'secret', url, endpoint, former, ...current }
}

/** Publishes no token. Deletes the Secrets that have one from before. */
const publishNamed = async (
  { api, publicURL }: Pick<Publishing, 'api' | 'publicURL'>,
  hook: ReceiverHook,
): Promise<Publication> => {
  const endpoint = publicURL + namedPath(hook.metadata.namespace, hook.metadata.name)
  // The status may not say yet that the hook had a Secret, if its spec changed at once.
  const mayOwn = mayHaveSkipped(hook) || hook.status?.endpoint !== endpoint || hasFormerSecret(hook.status.conditions)
  const { owned, refusal } = mayOwn ? await secretsOf(api, hook, undefined) : noSecrets
  const former = (await deleteSecrets(api, owned)) ?? refusal
  return { published: 'named', endpoint, url: hook.spec.auth?.path ? undefined : endpoint, former }
}

/**
 * Returns whether a hook may have Secrets. It names one, or it may have had one that its status does not speak of. Or its
 * token was minted but is not in its status, or a former one is still there.
 */
const mayHaveSecrets = (hook: ReceiverHook): boolean => {
  const { spec, status } = hook
  if (spec.token.secretName !== undefined || mayHaveSkipped(hook)) return true
  return (status?.minted !== undefined && status.token === undefined) || hasFormerSecret(status?.conditions)
}

/**
 * Returns whether there may have been a spec between the one that the status speaks of and the present one. The controller
 * may have made a Secret for it and ended before it could say so.
 */
const mayHaveSkipped = ({ metadata: { generation }, status }: ReceiverHook): boolean =>
  generation > 1 && status?.observedGeneration !== generation

/** Returns whether a hook had a Secret that nobody is known to have deleted. */
const hadSecret = ({ status }: ReceiverHook): boolean =>
  (status?.minted !== undefined && status.token === undefined && status.endpoint !== undefined) ||
  hasFormerSecret(status?.conditions)

interface Owned {
  readonly owned: readonly OwnedSecret[]
  /** Why it is not known whether a former Secret is still there. Undefined if it is known. */
  readonly refusal?: FormerSecret | undefined
}

const noSecrets: Owned = { owned: [] }

/**
 * Returns the Secrets that a hook controls. Returns none if the controller may not read Secrets and
 * the hook has no `token.secretName`. The hook's token then goes into the status, and its previous
 * Secrets are deleted with the hook.
 */
const secretsOf = async (api: ApiConnection, hook: ReceiverHook, secretName: string | undefined): Promise<Owned> => {
  try {
    return { owned: await ownedSecrets(api, hook, secretName) }
  } catch (error) {
    if (secretName !== undefined || !(error instanceof ApiError) || !isStatus(error, 403)) throw error
    return hadSecret(hook) ? { owned: [], refusal: { name: undefined, refusal: error } } : noSecrets
  }
}

/**
 * Returns the first stored token that is still current, or undefined. Its signature and its claims
 * decide that, not a comparison of texts.
 */
const storedToken = async (
  verifier: Verifier,
  ring: Keyring,
  hook: ReceiverHook,
  spec: TokenSpec,
  stored: readonly string[],
  now: number,
): Promise<Omit<CurrentToken, 'url' | 'endpoint'> | undefined> => {
  const { creationTimestamp, uid } = hook.metadata
  const wanted = { uid, rotation: spec.rotation, expiry: expiryOf(spec, creationTimestamp) }
  for (const token of stored) {
    const verdict = await verifier.verify(token, ring.current, now)
    if (verdict.verdict === 'valid' && isCurrent(verdict.claims, wanted, now)) return { token, claims: verdict.claims }
  }
  return undefined
}

const newToken = async (
  ring: Keyring,
  hook: ReceiverHook,
  spec: TokenSpec,
  now: number,
): Promise<Omit<CurrentToken, 'url' | 'endpoint'>> => {
  const { creationTimestamp, name, namespace, uid } = hook.metadata
  const expiry = expiryOf(spec, creationTimestamp)
  const expiresAt = expiry && nextExpiry(expiry, now)
  const claims = { namespace, name, uid, rotation: spec.rotation, ...(expiresAt !== undefined && { expiresAt }) }
  return { token: await mint(ring.signing, claims), claims }
}

const secretConflict = (name: string): Problem => ({
  reason: 'SecretConflict',
  message: `Secret/${name} already exists and isn't this hook's: choose another token.secretName, or delete that Secret`,
  lasts: 'stalled',
})
