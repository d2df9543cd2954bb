import { bySchema, byInWords } from '../../../src/api/by.ts'
import { at, isObject, stringAt } from '../../../src/api/json.ts'
import { has } from '../../../src/api/guard.ts'
import { limitsInWords, limitsSchema } from '../../../src/api/limits-schema.ts'
import { usedLimitsSchema } from '../../../src/api/status.ts'
import { localTime } from '../../../cli/output/times.ts'
import { closedNow, windowsInWords, type KnownZones } from '../../../src/api/opening.ts'
import { windowsSchema } from '../../../src/api/windows.ts'
import { Zones } from '../../../src/environment/zones.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { driverOf, isViolation } from '../../../src/drivers/registry.ts'
import { worstOf } from '../../../cli/output/worst.ts'
import { redacted } from '../../../src/environment/redact.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import { hooks } from '../../../src/kube/resources.ts'
import type { HookCondition, HookDetail, PastDelivery } from '../../protocol.ts'
import { askObject } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { rowDelivery, isHookSpec, leasesOf, listOf, redactedText } from '../row.ts'

/** Reads a hook as the user. */
export const hookAsUser = (api: ApiConnection, namespace: string, name: string): Promise<StoredObject> =>
  askObject(api, { method: 'GET', path: objectPath(hooks, namespace, name) })

export const hookRoutes = (api: Api, { sessionOf, world }: Context): void => {
  const zones = new Zones()
  // Returns one hook with its labels, without token, URL, annotations and managedFields.
  api.get('/hooks/:namespace/:name', async (request, response) => {
    const { name, namespace } = request.params
    const hook = await hookAsUser(sessionOf(request).api, namespace, name)
    response.json({ ...detailOf(hook), ...openingOf(hook['spec'], world.clock.now(), zones) })
  })
}

const detailOf = (hook: StoredObject): HookDetail => {
  const { creationTimestamp: created, generation = 0, labels = {}, name, namespace = '', uid } = hook.metadata
  const spec = hook['spec']
  const expiresAt = stringAt(hook, 'status', 'minted', 'expiresAt')
  return {
    namespace,
    name,
    uid,
    generation,
    created,
    labels,
    spec: isObject(spec) ? spec : {},
    worst: worstOfHook(spec, expiresAt),
    limits: limitsIn(hook),
    leases: leasesOf(hook),
    conditions: listOf(at(hook, 'status', 'conditions')).map(conditionOf),
    recent: recentOf(hook),
    previousUntil: stringAt(hook, 'status', 'minted', 'previous', 'acceptedUntil'),
    expiresAt,
    managedBy: managedBy(hook),
  }
}

const recentOf = (hook: StoredObject): readonly PastDelivery[] =>
  listOf(at(hook, 'status', 'recent')).flatMap(entry => {
    const delivery = rowDelivery(entry)
    const said = (name: string): string | undefined => redactedText(stringAt(entry, name))
    const by = at(entry, 'by')
    const proved = has(bySchema, by) ? redacted(byInWords(by)) : undefined
    if (!delivery) return []
    return [
      { ...delivery, by: proved, message: said('message'), state: said('state'), stateMessage: said('stateMessage') },
    ]
  })

/**
 * Returns when posts count, and until when the hook is closed. Returns nothing for a hook without
 * windows, and for an invalid one.
 */
const openingOf = (spec: unknown, now: number, zones: KnownZones): Pick<HookDetail, 'opening'> => {
  const windows = at(spec, 'windows')
  if (!has(windowsSchema, windows)) return {}
  const closed = closedNow(windows, now, zones)
  const when = windowsInWords(windows)
  return { opening: { when, ...(closed && { closed: closed.text }) } }
}

/** Returns the limits of a hook in words, with how much of each is used. Empty for an invalid hook. */
const limitsIn = (hook: StoredObject): readonly string[] => {
  const limits = at(hook, 'spec', 'limits')
  const used = at(hook, 'status', 'limits')
  if (!has(limitsSchema, limits)) return []
  return limitsInWords(limits, has(usedLimitsSchema, used) ? used : undefined, localTime)
}

/**
 * Returns what the holder of the URL can do at worst. Returns an empty list for an invalid hook,
 * because it never runs.
 */
export const worstOfHook = (spec: unknown, expiresAt: string | undefined): readonly string[] => {
  const bound = isHookSpec(spec) ? driverOf(spec) : undefined
  if (bound === undefined || isViolation(bound) || !isHookSpec(spec)) return []
  return worstOf(spec, bound, expiresAt === undefined ? undefined : 'when it expires')
}

const conditionOf = (condition: unknown): HookCondition => ({
  type: stringAt(condition, 'type') ?? '',
  status: stringAt(condition, 'status') ?? '',
  reason: stringAt(condition, 'reason') ?? '',
  message: redacted(stringAt(condition, 'message') ?? ''),
  since: stringAt(condition, 'lastTransitionTime') ?? '',
})

/**
 * Returns which GitOps tool writes an object, from the labels and annotations of known tools, or
 * undefined.
 */
const managedBy = ({ metadata }: StoredObject): string | undefined => {
  const { annotations = {}, labels = {} } = metadata
  const flux = (tool: string, kind: string): string | undefined => {
    const name = labels[`${tool}.toolkit.fluxcd.io/name`]
    const namespace = labels[`${tool}.toolkit.fluxcd.io/namespace`] ?? ''
    return name === undefined ? undefined : `Flux (${kind} ${namespace}/${name})`
  }
  const byFlux = flux('kustomize', 'Kustomization') ?? flux('helm', 'HelmRelease')
  if (byFlux !== undefined) return byFlux
  // An example of the annotation is `shop:receiverhooks.dev/ReceiverHook:shop/web-up`. It begins
  // with the application.
  const tracked = annotations['argocd.argoproj.io/tracking-id']?.split(':', 1)[0]
  const application = tracked ?? labels['argocd.argoproj.io/instance']
  if (application !== undefined) return `Argo CD (Application ${application})`
  const release = annotations['meta.helm.sh/release-name']
  return release === undefined ? undefined : `Helm (release ${release})`
}
