import { byInWords } from '../../src/api/by.ts'
import { isSeparate, type Condition } from '../../src/api/conditions.ts'
import { authOf } from '../../src/api/auth.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { stringAt } from '../../src/api/json.ts'
import { limitsInWords } from '../../src/api/limits-schema.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { closedNow, windowsInWords } from '../../src/api/opening.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { isReason, reasons } from '../../src/api/reasons.ts'
import type { WindowsSpec } from '../../src/api/windows.ts'
import { age, localTime } from '../output/times.ts'
import { Zones } from '../../src/environment/zones.ts'
import { driverOf, isViolation } from '../../src/drivers/registry.ts'
import { worstOf } from '../output/worst.ts'
import type { ResourceType } from '../../src/kube/paths.ts'
import { isHoldShown } from '../../src/record/count-name.ts'
import { clusterOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { countReader, type CountOf } from '../cluster/counts.ts'
import { listObjects, readHook } from '../cluster/hooks.ts'
import { systemNamespaceOption } from '../cluster/system.ts'
import type { Command } from '../../src/commands/command.ts'
import { colourOption, paintFor, type Paint } from '../output/colour.ts'
import { outcomeStyle } from '../output/rows.ts'
import { printable, table, type TableCell } from '../output/table.ts'
import { messageLines, wrapped } from '../output/wrap.ts'
import { sayIfStopped } from '../stopped.ts'

/** Shows a hook's settings, conditions and deliveries, without its URL. */
export const describe: Command = {
  details: 'The URL is not shown: url prints it.',
  arguments: [{ name: 'NAME', means: 'the hooks', many: true, completes: 'hooks' }],
  options: [colourOption, systemNamespaceOption, ...clusterOptions],
  examples: [{ line: 'describe web-up', means: 'why it did what it did, and what to do about it' }],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    await sayIfStopped(cluster, given, shell)
    const page = { paint: paintFor(given, shell), width: shell.out.columns(), now: shell.clock.now() }
    const texts = await Promise.all(
      given.arguments.map(async word => {
        const hook = await readHook(cluster, word)
        const [counts, events] = await Promise.all([countReader(cluster, shell.clock)([hook]), eventsOf(cluster, hook)])
        return pageOf(hook, counts, events, page, shell.program)
      }),
    )
    shell.out.write(texts.join('\n\n'))
    return 0
  },
}

interface Page {
  readonly paint: Paint
  readonly width: number | undefined
  readonly now: number
}

const pageOf = (
  hook: ReceiverHook,
  counts: CountOf,
  events: readonly StoredObject[] | undefined,
  page: Page,
  program: string,
): string =>
  [
    facts(hook, counts, page, program),
    conditions(hook, page),
    deliveries(hook, page),
    events === undefined ? '' : eventLines(events, page),
  ]
    .filter(part => part !== '')
    .join('\n')

/** The width of the left column with the blanks after it, in characters. */
const margin = 16

/** Returns the limits, with what the status says of their use. The status may be some seconds old. */
const limitsLine = ({ spec, status }: ReceiverHook): string | undefined => {
  const words = spec.limits && limitsInWords(spec.limits, status?.limits, localTime).join('; ')
  const last = status?.limits && status.lastDelivery
  return words !== undefined && last ? `${words} (as of the delivery at ${localTime(last.time)})` : words
}

const facts = (hook: ReceiverHook, counts: CountOf, { now, paint, width }: Page, program: string): string => {
  const { metadata, spec, status } = hook
  const count = counts(hook)
  const { previous } = status?.minted ?? {}
  const bound = driverOf(spec)
  const auth = authOf(spec.auth)
  const before = auth && 'previousKey' in auth ? auth.previousKey : undefined
  const line = (name: string, text: string | undefined): string =>
    text === undefined ? '' : `${paint('strong', `${name}:`.padEnd(margin))}${indent(text, width)}\n`
  return [
    line('Name', metadata.name),
    line('Namespace', metadata.namespace),
    line('Created', `${age(metadata.creationTimestamp, now)} ago`),
    line('A post does', isViolation(bound) ? `nothing: ${bound.path} ${bound.message}` : bound.description),
    line('To', `${status?.target ?? 'its target'}${count === undefined ? '' : `, which wants ${replicas(count)} now`}`),
    line('Acts as', actorOf(hook)),
    line('URL', urlOf(hook, program)),
    line('Former URL', previous && `accepted until ${localTime(previous.acceptedUntil)}`),
    line('Expires', status?.minted?.expiresAt && `on ${localTime(status.minted.expiresAt)}`),
    line('In Secret', spec.token.secretName),
    line(
      'Asks for',
      auth &&
        `${auth.form}${auth.form === 'path' ? ', at the end of the URL' : hasNamedURL(spec) ? ', which alone opens the URL' : ', in addition to the URL'}${before === undefined ? '' : `. While the Secret has the key ${before}, that value counts too`}`,
    ),
    line(
      'At worst',
      isViolation(bound)
        ? undefined
        : worstOf(spec, bound, status?.minted?.expiresAt && localTime(status.minted.expiresAt)).join(' '),
    ),
    line('Suspended', spec.suspend ? 'yes: the hook answers posts but skips them' : undefined),
    line(
      'Approval',
      spec.approval && `each change needs the approval of another person within ${spec.approval.within}`,
    ),
    line('Only when', spec.when),
    line('Open', spec.windows && openingLine(spec.windows, now)),
    line(
      'Alert ends',
      {
        ignore: 'the hook skips the post',
        run: 'the hook runs, as for any other post',
        undo: 'the hook undoes the changes of the alert',
      }[spec.onResolved],
    ),
    line('For', spec.for === undefined ? undefined : `${spec.for}: then the hook undoes the change that a post made`),
    line('Leases', leasesLine(hook)),
    line('Cooldown', spec.cooldown === '0s' ? undefined : spec.cooldown),
    line('Limits', limitsLine(hook)),
    line('Repeats', `the same notification within ${spec.dedupeWindow} counts once`),
    line('Deliveries', totals(hook)),
  ].join('')
}

/** Returns the account as which the hook acts, if it is not the trigger's. */
const actorOf = ({ spec: { serviceAccountName } }: ReceiverHook): string | undefined =>
  serviceAccountName && `ServiceAccount/${serviceAccountName}, with only its rights`

/** Returns what the hook has changed for a time, and until when. */
const leasesLine = ({ status }: ReceiverHook): string | undefined => {
  const { open = 0, shown = [] } = status?.leases ?? {}
  if (open === 0) return undefined
  const leases = shown.map(({ by, object, of, state, until }) => {
    const asked = of === undefined ? '' : `, for ${of}`
    const much = isHoldShown(object) ? '' : ` ${by > 0 ? '+' : ''}${by}`
    return `${object}${much} until ${localTime(until)}${asked}${state === 'open' ? '' : ` (${state})`}`
  })
  return `${leases.join('; ')}${open > shown.length ? `; and ${open - shown.length} more` : ''}`
}

/** Returns the URL if it is no secret, or else how to print it. */
const urlOf = ({ metadata, spec, status }: ReceiverHook, program: string): string => {
  const hidden = `[not shown: ${program} url ${metadata.name}]`
  if (hasNamedURL(spec)) {
    const named = status?.triggerURL ?? (status?.endpoint === undefined ? undefined : hidden)
    return named === undefined || status?.token !== undefined
      ? 'none yet'
      : `${named}, which contains the hook's name, not a token`
  }
  const isKnown = spec.token.secretName === undefined ? status?.triggerURL !== undefined : status?.minted !== undefined
  return isKnown ? `${hidden}, rotation ${status?.minted?.rotation ?? 0}` : 'none yet'
}

/** Returns when the hook is open, and until when it is closed now. */
const openingLine = (windows: WindowsSpec, now: number): string => {
  const closed = closedNow(windows, now, new Zones())
  return `${closed === undefined ? '' : `now ${closed.text}; `}${windowsInWords(windows)}`
}

const replicas = (count: number): string => (count === 1 ? '1 replica' : `${count} replicas`)

const totals = ({ status }: ReceiverHook): string => {
  const counted = Object.entries(status?.counts ?? {}).filter(([, count = 0]) => count > 0)
  return counted.length === 0 ? 'none' : counted.map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}

const indent = (text: string, width: number | undefined): string =>
  wrapped(printable(text), width === undefined ? undefined : width - margin).join(`\n${' '.repeat(margin)}`)

const conditions = ({ status }: ReceiverHook, page: Page): string => {
  const { now, paint, width } = page
  const all = status?.conditions ?? []
  if (all.length === 0) return `${paint('strong', 'Conditions:')} none: no controller has checked the hook yet\n`
  const lines = all.flatMap(condition => [
    `  ${paint(styleOf(condition), `${condition.type} ${condition.status}`)} for ${age(condition.lastTransitionTime, now)}: ${condition.reason}`,
    ...messageLines(printable(condition.message), width === undefined ? undefined : width - 4).map(
      text => `    ${text}`,
    ),
    ...todo(condition, width),
  ])
  return `${paint('strong', 'Conditions:')}\n${lines.join('\n')}\n`
}

/**
 * Returns lines that say what to do about a condition, from the table of reasons. `Ready` sums up
 * `Stalled` and `Reconciling`, which have no such lines.
 */
const todo = ({ reason, status, type }: Condition, width: number | undefined): readonly string[] => {
  const isBad = type === 'Ready' ? status !== 'True' : isSeparate(type)
  if (!isBad || !isReason(reason)) return []
  return wrapped(`To do: ${reasons[reason].todo}`, width === undefined ? undefined : width - 4).map(
    text => `    ${text}`,
  )
}

const styleOf = ({ status, type }: Condition) => {
  if (type === 'Ready') return status === 'True' ? ('good' as const) : ('bad' as const)
  return type === 'Stalled' || isSeparate(type) ? ('bad' as const) : ('warning' as const)
}

const deliveries = ({ status }: ReceiverHook, { now, paint, width }: Page): string => {
  const recent = status?.recent ?? []
  if (recent.length === 0) return ''
  const rows = recent.map(({ by, from, outcome, reason, sender, time, to, ...rest }): readonly TableCell[] => [
    `  ${age(time, now)}`,
    [sender, byInWords(by)].join(' ').trimEnd(),
    { text: outcome, style: outcomeStyle(outcome) },
    reason,
    from === undefined && to === undefined ? (stringAt(rest, 'summary') ?? '') : stepText(from, to),
  ])
  const lines = table(['  AGO', 'SENDER', 'OUTCOME', 'REASON', 'WHAT'], rows, paint, width)
  return `${paint('strong', 'Recent deliveries:')}\n${lines}${meanings(recent, width)}`
}

/** Returns what each reason of the deliveries that were not `applied` means, and what to do. */
const meanings = (recent: readonly { outcome: string; reason: string }[], width: number | undefined): string => {
  const asked = recent.filter(({ outcome }) => outcome !== 'applied').map(({ reason }) => reason)
  return [...new Set(asked)]
    .filter(isReason)
    .flatMap(reason => {
      const { means, todo } = reasons[reason]
      return paragraph(`${reason}: ${means}${todo === 'Nothing.' ? '' : ` To do: ${todo}`}`, width)
    })
    .join('')
}

const paragraph = (text: string, width: number | undefined): readonly string[] =>
  wrapped(printable(text), width === undefined ? undefined : width - 4).map(
    (line, index) => `${' '.repeat(index === 0 ? 2 : 4)}${line}\n`,
  )

export const stepText = (from: number | undefined, to: number | undefined): string => {
  if (from === undefined) return to === undefined ? '' : `to ${to}`
  return to === undefined || to === from ? `at ${from}` : `${from} -> ${to}`
}

/**
 * The Events of the core API group, which kubectl reads too. A user who may run `kubectl describe`
 * may read these Events.
 */
const coreEvents: ResourceType = { group: '', version: 'v1', resource: 'events', kind: 'Event' }

/** Returns the Events of a hook, or undefined if they cannot be read. */
const eventsOf = async (cluster: Cluster, { metadata }: ReceiverHook): Promise<readonly StoredObject[] | undefined> => {
  try {
    const fieldSelector = `involvedObject.uid=${metadata.uid}`
    return await listObjects(cluster, coreEvents, metadata.namespace, { fieldSelector })
  } catch {
    return undefined
  }
}

const eventLines = (events: readonly StoredObject[], { now, paint, width }: Page): string => {
  if (events.length === 0) return ''
  const at = (event: StoredObject): string =>
    stringAt(event, 'series', 'lastObservedTime') ??
    stringAt(event, 'lastTimestamp') ??
    stringAt(event, 'eventTime') ??
    event.metadata.creationTimestamp ??
    ''
  // A message is wrapped but never cut, because its end may matter: it may be the name of an
  // account.
  const lines = events
    .toSorted((a, b) => at(a).localeCompare(at(b)))
    .slice(-10)
    .flatMap(event => {
      const type = stringAt(event, 'type') ?? ''
      const reason = printable(stringAt(event, 'reason') ?? '')
      const kind = paint(type === 'Warning' ? 'warning' : 'dim', printable(type))
      const message = wrapped(printable(stringAt(event, 'message') ?? ''), width === undefined ? undefined : width - 4)
      return [`  ${kind} ${reason}, ${age(at(event), now)} ago\n`, ...message.map(line => `    ${line}\n`)]
    })
  return `${paint('strong', 'Events:')}\n${lines.join('')}`
}
