import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import { stringAt } from '../../src/api/json.ts'
import type { HookStatus } from '../../src/api/status.ts'
import { localTime } from '../output/times.ts'
import { hooks } from '../../src/kube/resources.ts'
import { accessOptions, allNamespaces, namespaceOption, openCluster } from '../cluster/cluster.ts'
import { followObjects } from '../cluster/follow.ts'
import { hookName, readHook } from '../cluster/hooks.ts'
import { systemNamespaceOption } from '../cluster/system.ts'
import { UsageError, type Command } from '../../src/commands/command.ts'
import { choice, text } from '../../src/commands/options.ts'
import { colourOption, paintFor, type Paint, type Style } from '../output/colour.ts'
import { outcomeStyle } from '../output/rows.ts'
import { printable } from '../output/table.ts'
import { wrapped } from '../output/wrap.ts'
import { sayIfStopped } from '../stopped.ts'
import { stepText } from './describe.ts'

const labels = text({ flag: 'selector', short: 'l', value: 'LABELS', means: 'only hooks with these labels: app=web' })
const output = choice(
  { flag: 'output', short: 'o', value: 'FORMAT', means: 'text, or json: one object per line' },
  ['text', 'json'],
  'text',
)

type Delivery = NonNullable<HookStatus['recent']>[number]

/** Prints deliveries as they arrive, one per line. */
export const watch: Command = {
  details:
    "Deliveries come from the hooks' status, which is a second or two behind and keeps only the last ten. If more come at once, the rest are only counted. A rollout or a Job gets its own line when it ends. Posts that never became a delivery (404, 401, 503) are only in the trigger's log.",
  arguments: [{ name: 'NAME', means: 'one hook; all by default', optional: true, completes: 'hooks' }],
  options: [namespaceOption, allNamespaces, labels, output, colourOption, systemNamespaceOption, ...accessOptions],
  examples: [
    { line: 'watch', means: 'all hooks of the namespace' },
    { line: "the namespace's hooks", means: 'for scripts' },
  ],
  run: async (given, shell) => {
    const [word] = given.arguments
    if (word !== undefined && given.get(allNamespaces)) throw new UsageError('use either a name or --all-namespaces')
    const cluster = await openCluster(given, shell)
    // Fails immediately if no hook has this name. Otherwise the command would wait forever without
    // a message.
    if (word !== undefined) await readHook(cluster, word)
    const namespace = given.get(allNamespaces) ? undefined : cluster.namespace
    const labelSelector = given.get(labels)
    const source = {
      type: hooks,
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(word === undefined ? {} : { fieldSelector: `metadata.name=${hookName(word)}` }),
    }
    const paint = paintFor(given, shell)
    // Returns the hook's name, with its namespace only if all namespaces are watched.
    const called = (hook: ReceiverHook): string => (namespace === undefined ? nameOf(hook) : hook.metadata.name)
    const seen = new Map<string, Seen>()
    let listed = false
    const show = (hook: ReceiverHook, isNew: boolean): void => {
      const before = seen.get(hook.metadata.uid)
      const { ended, fresh, missed } = isNew ? { fresh: [], ended: [], missed: 0 } : freshDeliveries(hook, before)
      seen.set(hook.metadata.uid, { newest: hook.status?.recent ?? [], total: totalOf(hook) })
      if (given.get(output) === 'json') {
        for (const delivery of [...fresh, ...ended])
          shell.out.write(`${JSON.stringify({ hook: nameOf(hook), ...delivery })}\n`)
        return
      }
      if (missed > 0) shell.out.write(paint('dim', `${' '.repeat(10)}${nameOf(hook)}: ${missed} more\n`))
      for (const delivery of fresh) {
        shell.out.write(deliveryLine(called(hook), delivery, paint, shell.out.columns()))
      }
      for (const delivery of ended) shell.out.write(endLine(called(hook), delivery, paint, shell.out.columns()))
    }
    for await (const event of followObjects(cluster, source, shell)) {
      // From the first list on, each delivery is shown or counted.
      if (event.change === 'list' && !listed) {
        listed = true
        if (given.get(output) === 'text') await sayIfStopped(cluster, given, shell)
        shell.err.write(
          `watching ${word ?? 'the hooks'} ${namespace === undefined ? 'in every namespace' : `in ${namespace}`}; Ctrl-C ends it\n`,
        )
      }
      const changed = event.change === 'list' ? event.objects : event.change === 'put' ? [event.object] : []
      for (const hook of changed.filter(isReceiverHook)) {
        // The deliveries of a hook before the first list are not shown. Of a hook that is created
        // later, all deliveries are shown.
        show(hook, event.change === 'list' && !seen.has(hook.metadata.uid))
      }
    }
    return 0
  },
}

interface Seen {
  readonly newest: readonly Delivery[]
  readonly total: number
}

const totalOf = ({ status }: Pick<ReceiverHook, 'status'>): number =>
  Object.values(status?.counts ?? {}).reduce<number>((sum, count = 0) => sum + count, 0)

/** What a status says that an earlier one did not say. */
interface Fresh {
  /** The deliveries that were added, oldest first. */
  readonly fresh: readonly Delivery[]
  /** Earlier deliveries of which it is now known how what they began has ended, oldest first. */
  readonly ended: readonly Delivery[]
  /** The number of other new deliveries, which the status no longer has. */
  readonly missed: number
}

/** Returns what a hook's status says that the status in `before` did not say. */
export const freshDeliveries = (hook: Pick<ReceiverHook, 'status'>, before: Seen | undefined): Fresh => {
  const known = new Map<string, Delivery[]>()
  for (const delivery of before?.newest.toReversed() ?? []) {
    known.set(identityOf(delivery), [...(known.get(identityOf(delivery)) ?? []), delivery])
  }
  const fresh: Delivery[] = []
  const ended: Delivery[] = []
  for (const delivery of hook.status?.recent?.toReversed() ?? []) {
    const former = known.get(identityOf(delivery))?.shift()
    if (former === undefined) fresh.push(delivery)
    else if (delivery.state !== undefined && delivery.state !== former.state) ended.push(delivery)
  }
  const counted = totalOf(hook) - (before?.total ?? 0)
  return { fresh, ended, missed: Math.max(0, counted - fresh.length) }
}

/** Returns what stays the same of a delivery when it becomes known how what it began has ended. */
const identityOf = (delivery: Delivery): string => {
  const { state: _, stateMessage: __, ...others } = delivery
  return JSON.stringify(others)
}

const nameOf = ({ metadata }: ReceiverHook): string => `${metadata.namespace}/${metadata.name}`

/** The indentation of a summary on a line of its own, in characters. */
const indent = 10

/** Returns a delivery in one line. In a narrow terminal the summary is on the next line. */
export const deliveryLine = (name: string, delivery: Delivery, paint: Paint, width: number | undefined): string => {
  const { from, outcome, reason, to } = delivery
  const what = stringAt(delivery, 'summary') ?? stepText(from, to)
  return lineOf(name, delivery, { result: outcome, style: outcomeStyle(outcome), why: reason, what }, paint, width)
}

/** Returns in one line how what a delivery began has ended. The time is that of the delivery. */
export const endLine = (name: string, delivery: Delivery, paint: Paint, width: number | undefined): string => {
  const { state = '', stateMessage = '' } = delivery
  const style = state === 'failed' || state === 'stalled' ? 'bad' : state === 'complete' ? 'good' : 'dim'
  return lineOf(name, delivery, { result: state, style, why: '', what: stateMessage }, paint, width)
}

/** What a line says of a delivery. */
interface Said {
  readonly result: string
  readonly style: Style
  readonly why: string
  readonly what: string
}

const lineOf = (
  name: string,
  { sender, time }: Delivery,
  said: Said,
  paint: Paint,
  width: number | undefined,
): string => {
  const at = localTime(time).slice(11, 19)
  const who = [name, sender].map(word => printable(word).padEnd(12))
  const what = printable(said.what)
  const result = printable(said.result).padEnd(9)
  const why = printable(said.why).padEnd(14)
  const head = [paint('dim', at), ...who, paint(said.style, result), why].join('  ')
  const isNarrow = width !== undefined && [at, ...who, result, why, what].join('  ').length > width
  if (!isNarrow || what === '') return `${`${head}  ${what}`.trimEnd()}\n`
  const below = wrapped(what, width - indent).map(line => `${' '.repeat(indent)}${line}\n`)
  return `${head.trimEnd()}\n${below.join('')}`
}
