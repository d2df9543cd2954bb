import { authOf } from '../../src/api/auth.ts'
import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { isReason, reasons } from '../../src/api/reasons.ts'
import { leasesFinalizer } from '../../src/api/names.ts'
import { records } from '../../src/kube/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { listMetadata } from '../cluster/hooks.ts'
import { kidsIn, readPublicKeys } from '../cluster/system.ts'
import { failure, firstNamesOf, ok, warning, type Finding } from './finding.ts'
import { checkOwners } from './owners.ts'
import { pageURL } from '../../src/api/site.ts'

/** Checks the status of each hook, and whether something else sets the count of its target. */
export const checkHooks = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  items: Promise<readonly StoredObject[]>,
): Promise<readonly Finding[]> => {
  const found = (await items).filter(isReceiverHook)
  if (found.length === 0) return [ok('hooks', 'there is none')]
  const conditions = found.flatMap(conditionOf)
  const owners = await checkOwners(cluster, found)
  const good = found.length - conditions.length
  return [ok('hooks', `${good} of ${found.length} are ready`), ...conditions, ...owners]
}

/** Finds signed posts that are good at several hooks, because these check signatures with one secret. */
export const checkSecrets = async (items: Promise<readonly StoredObject[]>): Promise<readonly Finding[]> => {
  const sharing = new Map<string, ReceiverHook[]>()
  // Another check says why the hooks cannot be listed.
  const found: readonly StoredObject[] = await items.catch(() => [])
  for (const hook of found.filter(isReceiverHook)) {
    const auth = authOf(hook.spec.auth)
    if (auth?.form !== 'hmac' && auth?.form !== 'standardWebhooks') continue
    const secret = `${hook.metadata.namespace}/${auth.secret}/${auth.key}`
    sharing.set(secret, [...(sharing.get(secret) ?? []), hook])
  }
  return [...sharing.values()].flatMap(shared =>
    shared.length < 2
      ? []
      : [
          warning(
            'auth',
            `${firstNamesOf(shared)} check signatures with the same secret, so a post signed for one runs all of them`,
            'Give each hook its own Secret: docs/how-to/authenticate-senders.md.',
          ),
        ],
  )
}

const conditionOf = ({ metadata, status }: ReceiverHook): readonly Finding[] => {
  const name = `${metadata.namespace}/${metadata.name}`
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready === undefined || status?.observedGeneration !== metadata.generation) {
    return [
      warning(
        name,
        'no controller has checked its current spec',
        'Wait a moment; if nothing changes, check the controller.',
      ),
    ]
  }
  if (ready.status === 'True') return []
  return [
    failure(
      name,
      `${ready.reason}: ${ready.message}`,
      isReason(ready.reason) ? reasons[ready.reason].todo : 'Read the message.',
    ),
  ]
}

/**
 * Finds hooks with a URL by a key that is not published in the namespace. Another installation has
 * made it.
 */
export const checkServed = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  namespace: string,
  items: Promise<readonly StoredObject[]>,
): Promise<readonly Finding[]> => {
  // Other checks say why the keys or the hooks cannot be read.
  const read = await Promise.all([readPublicKeys(cluster, namespace), items]).catch(() => undefined)
  if (!read) return []
  const [{ jwks }, found] = read
  const kids = kidsIn(jwks)
  const foreign = found.filter(isReceiverHook).filter(({ status }) => {
    const kid = status?.minted?.kid
    return kid !== undefined && !kids.includes(kid)
  })
  // Without any key, another check fails.
  if (foreign.length === 0 || kids.length === 0) return []
  return [
    warning(
      'hooks',
      `${foreign.length} have a URL signed with a key that is not published in the namespace ${namespace}: ${firstNamesOf(foreign)}`,
      `If another installation serves them, add --system-namespace. Two installations must not serve the same hook: ${pageURL('docs/how-to/install.md')}`,
    ),
  ]
}

/**
 * Finds records whose hook does not exist. The garbage collector deletes a record with its hook. If
 * such records remain, the collector may have stopped.
 */
export const checkRecords = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  namespace: string | undefined,
  items: Promise<readonly StoredObject[]>,
): Promise<Finding> => {
  const [kept, present] = await Promise.all([listMetadata(cluster, records, namespace), items])
  const alive = new Set(present.map(({ metadata }) => metadata.uid))
  const stale = kept.filter(({ metadata }) => metadata.ownerReferences?.every(({ uid }) => !alive.has(uid)) === true)
  const held = stale.filter(({ metadata }) => metadata.finalizers?.includes(leasesFinalizer))
  if (held.length > 0) {
    return warning(
      'records',
      `${held.length} wait for the leases of their deleted hooks to end: ${firstNamesOf(held)}`,
      `A trigger ends them within seconds. If they remain, check its log, or remove the finalizer: ${pageURL('docs/how-to/scale-for-a-while.md')}`,
    )
  }
  return stale.length === 0
    ? ok('records', `${kept.length} belong to hooks that exist`)
    : warning(
        'records',
        `${stale.length} belong to hooks that are gone: ${firstNamesOf(stale)}`,
        'The garbage collector removes them within minutes; if not, delete them.',
      )
}
