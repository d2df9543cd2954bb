import type { ReasonIn } from '../api/reasons.ts'
import type { Clock } from '../environment/environment.ts'
import { readFailureOf } from '../kube/errors.ts'
import type { Stop } from '../token/stop.ts'
import type { PublicKeys } from '../token/keys.ts'
import { acceptance, type Verdict, type Verifier } from '../token/verify.ts'
import type { LiveHook } from './hook.ts'
import type { Found, Hooks } from './hooks.ts'
import type { Keys } from './keys.ts'
import { maxWaitingForKeys } from './limits.ts'
import type { PostAddress, HookName, RequestedHook } from './request.ts'

/**
 * The result of authenticating a token. `isFormer`: the hook has published a newer token since. `stop`
 * is present while all hooks are stopped. `isCurrent` returns whether hook, keys and stop are still
 * known to be unchanged.
 */
export type Authentication =
  | {
      readonly accepted: true
      readonly hook: LiveHook
      readonly isFormer: boolean
      readonly stop?: Stop | undefined
      readonly isCurrent: () => boolean
    }
  | { readonly accepted: false; readonly status: RefusedStatus; readonly reason: ReasonIn<'refused'> }

type Accepted = Extract<Authentication, { accepted: true }>

type Valid = Extract<Verdict, { verdict: 'valid' }>

type RefusedStatus = 401 | 404 | 410 | 503

const no = (status: RefusedStatus, reason: ReasonIn<'refused'>): Authentication => ({
  accepted: false,
  status,
  reason,
})

/** The answers to a valid token of which no hook is found. */
const noHook: Readonly<Record<Exclude<Found['found'], 'hook'>, Authentication>> = {
  unreachable: no(503, 'ApiUnreachable'),
  'not looked up': no(503, 'Overloaded'),
  elsewhere: no(404, 'UnknownToken'),
  none: no(410, 'HookDeleted'),
}

/** Returns a function that decides which hook a post may run now, by its token or by the name in its path. */
export const authenticator = (
  clock: Clock,
  verifier: Verifier,
  keys: Keys,
  hooks: Pick<Hooks, 'find' | 'findNamed' | 'readLive' | 'synced' | 'unchanged'>,
) => {
  let waiting = 0
  const readAgain = async (): Promise<PublicKeys | undefined> => {
    waiting += 1
    return await keys.readAgain().finally(() => void (waiting -= 1))
  }

  const verify = async (token: string): Promise<Verdict | 'not ready' | 'too many'> => {
    const known = keys.fresh() ? keys.current() : await keys.readRecent()
    const verdict = known && (await verifier.verify(token, known, clock.now()))
    if (verdict && verdict.verdict !== 'unknown key') return verdict
    // The signing key of the token may be new: before answering 404, the key set is read once more.
    // Few posts may wait for that, because each keeps the received part of its body in memory.
    if (waiting >= maxWaitingForKeys) return 'too many'
    const read = await readAgain()
    return read ? await verifier.verify(token, read, clock.now()) : 'not ready'
  }

  const authenticationBy = (found: Found, { claims, id }: Valid): Authentication | 'newer than known' => {
    if (found.found !== 'hook') return noHook[found.found]
    const accepted = acceptance(claims, found.hook, clock.now())
    if (accepted === 'newer than known') return accepted
    if (accepted !== 'accepted') return no(410, 'TokenRotated')
    const { minted } = found.hook
    // A status that is still to come may have a later rotation.
    const isNewer = minted !== undefined && claims.rotation > minted.rotation
    return acceptedFor(found.hook, minted?.id !== id && !isNewer)
  }

  const acceptedFor = (hook: LiveHook, isFormer: boolean): Accepted => {
    const { stop, version } = keys.current() ?? {}
    const isCurrent = (): boolean => hooks.unchanged(hook) && keys.fresh() && keys.current()?.version === version
    return { accepted: true, hook, isFormer, stop, isCurrent }
  }

  /** Reads the stop of an accepted post once more, if the set of keys that says so may no longer be current. */
  const sureOfStop = async (found: Accepted): Promise<Authentication> => {
    if (keys.fresh()) return found
    await keys.readRecent()
    return acceptedFor(found.hook, found.isFormer)
  }

  /**
   * Finds the hook of a name, which `auth` alone opens. All names of which no hook can be opened get
   * one answer.
   */
  const byName = async (name: HookName): Promise<Authentication> => {
    // The stop of all hooks is with the keys. They are read for every name, or for none.
    const known = keys.fresh() ? keys.current() : await keys.readRecent()
    if (!known) return no(503, 'NotReady')
    const found = await hooks.findNamed(name)
    if (found.found === 'unreachable' || found.found === 'not looked up') return no(503, 'ApiUnreachable')
    return found.found === 'hook' && found.hook.hasNamedURL ? acceptedFor(found.hook, false) : no(401, 'Unproved')
  }

  /** Finds the hook of a request. Its right is proved. */
  const byRequest = async ({ name, namespace, uid }: RequestedHook): Promise<Authentication> => {
    const found = await hooks.find(namespace, name, uid)
    if (found.found !== 'hook') return noHook[found.found]
    return await sureOfStop(acceptedFor(found.hook, false))
  }

  return async ({ named, requested, token }: PostAddress): Promise<Authentication> => {
    if (!hooks.synced()) return no(503, 'NotReady')
    try {
      if (named) {
        const found = await byName(named)
        return found.accepted && found.stop ? await sureOfStop(found) : found
      }
      if (requested) return await byRequest(requested)
      if (token === undefined) return no(404, 'UnknownToken')
      const verdict = await verify(token)
      if (verdict === 'not ready') return no(503, 'NotReady')
      if (verdict === 'too many') return no(503, 'Overloaded')
      if (verdict.verdict === 'expired') return no(410, 'TokenExpired')
      if (verdict.verdict !== 'valid') return no(404, 'UnknownToken')
      const { namespace, name, uid } = verdict.claims
      const authenticated = authenticationBy(await hooks.find(namespace, name, uid), verdict)
      const known =
        authenticated === 'newer than known'
          ? authenticationBy(await hooks.readLive(namespace, name, uid), verdict)
          : authenticated
      if (known === 'newer than known') return no(410, 'TokenRotated')
      return known.accepted && known.stop ? await sureOfStop(known) : known
    } catch (error) {
      readFailureOf(error)
      return no(503, 'ApiUnreachable')
    }
  }
}

export type Authenticate = ReturnType<typeof authenticator>
