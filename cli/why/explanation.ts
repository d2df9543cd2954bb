import { byInWords } from '../../src/api/by.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { isHoldShown } from '../../src/record/count-name.ts'
import { age, humanDuration, localTime } from '../output/times.ts'
import { parseTime, rfc3339 } from '../../src/environment/time.ts'
import type { Paint } from '../output/colour.ts'
import { printable, table, type TableCell } from '../output/table.ts'
import { wrapped } from '../output/wrap.ts'
import { sumOf, type Account, type HookPart } from './account.ts'
import type { FieldOwner } from '../../src/steps/target/managers.ts'
import type { CountAutoscaler } from './autoscalers.ts'
import type { Said } from './said.ts'
import type { SubjectCount } from './subject.ts'

/** A count with everything that is known about it. */
export interface ExplainedCount {
  readonly namespace: string
  readonly count: SubjectCount
  readonly account: Account
  /** What holds have added to the count, such as -5 if it is held at 0 and would be 5. */
  readonly put: number
  /** True if only hooks have written the count since somebody else has set its base. */
  readonly isOurs: boolean
  /** Who set the base. Undefined if that is no longer known. */
  readonly authors: readonly FieldOwner[] | undefined
  /** The hooks that change this count now. */
  readonly aimed: readonly ReceiverHook[]
  readonly said: Said
  readonly autoscalers: readonly CountAutoscaler[] | 'unknown'
}

export interface TerminalPage {
  readonly paint: Paint
  readonly width: number | undefined
  readonly now: number
}

/** Returns why a count is what it is, as lines for a terminal. */
export const explanation = (explained: ExplainedCount, page: TerminalPage): string => {
  const { account, count, namespace, put } = explained
  const { paint, width } = page
  const titles = ['PART', 'COUNT', 'AGE', 'UNTIL', 'BY']
  const sum = String(account.count + put)
  const rows: (readonly TableCell[])[] = [
    baseRow(explained, page),
    ...goodRows(explained),
    ...account.open.map(part => partRow(part, page)),
    ...(put === 0 ? [] : [['held', signed(put), '', '', 'see below']]),
    [{ text: 'sum', style: 'strong' }, { text: sum, style: 'strong' }, '', '', ''],
  ]
  const ended = account.ended.map(part => partRow(part, page))
  return [
    `${paint('strong', `${count.shownAs} in ${namespace}: ${count.at.field} is ${sum}`)}\n`,
    table(titles, rows, paint, width),
    ...notesOf(explained, page).map(note => `${wrapped(printable(note), width).join('\n')}\n`),
    ...(ended.length === 0
      ? []
      : [
          'Someone else has set the count since. Nothing takes these back any more:\n',
          table(titles, ended, paint, width),
        ]),
  ].join('')
}

const signed = (by: number): string => (by > 0 ? `+${by}` : String(by))

/** Returns who has set the base of a count. */
export const baseBy = ({ authors, isOurs }: ExplainedCount): string => {
  const [author] = authors ?? []
  const others = (authors ?? []).slice(1).map(({ manager }) => manager)
  const unknown = isOurs ? 'someone else, before the hooks: it is no longer known who' : 'the object does not say who'
  return author === undefined
    ? unknown
    : `${author.manager}${author.applies ? ' (apply)' : ''}${others.length === 0 ? '' : `, and ${others.join(', ')}`}`
}

const baseRow = (explained: ExplainedCount, { now }: TerminalPage): readonly TableCell[] => {
  const time = explained.authors?.[0]?.time
  return ['base', String(explained.account.base), time === undefined ? '' : age(time, now), '', baseBy(explained)]
}

/**
 * Returns the hooks that change a count for good. A hook that undoes is one of them, because not all
 * posts are about alerts. It is named only if there is no other.
 */
export const lastingHooks = ({ aimed }: ExplainedCount): readonly string[] => {
  const lasting = aimed.filter(({ spec }) => spec.for === undefined)
  const never = lasting.filter(({ spec }) => spec.onResolved !== 'undo')
  return (never.length > 0 ? never : lasting).map(({ metadata }) => metadata.name)
}

const goodRows = (explained: ExplainedCount): (readonly TableCell[])[] => {
  const { good } = explained.account
  if (good === 0) return []
  const lasting = lastingHooks(explained)
  return lasting.length === 0
    ? [[{ text: 'unexplained', style: 'warning' }, signed(good), '', '', '']]
    : [['for good', signed(good), '', '', lasting.join(', ')]]
}

/** Returns the row of a part. `what` says what it changes the count by, or holds. */
export const partRow = (
  { at, by, hook, of, state, until, why }: HookPart,
  { now }: Pick<TerminalPage, 'now'>,
  what = signed(by),
): readonly TableCell[] => [
  hook,
  what,
  humanDuration(now - at),
  untilText(until, state, now),
  [of ?? '', why ?? ''].filter(text => text !== '').join('; '),
]

const untilText = (until: number | undefined, state: HookPart['state'], now: number): TableCell => {
  if (until === undefined) return 'its alert ends'
  if (state === 'held')
    return { text: `held back for ${humanDuration(now - until)}: bounds forbid it`, style: 'warning' }
  if (state === 'overdue') return { text: `overdue since ${humanDuration(now - until)}`, style: 'bad' }
  if (state === 'overruled') return { text: 'over: someone else has set it since', style: 'warning' }
  const left = until > now ? `in ${humanDuration(until - now)}` : 'now'
  return `${localTime(rfc3339(until))} (${left})`
}

/** Returns what a person should know besides the table, as sentences. */
export const notesOf = (explained: ExplainedCount, { now }: Pick<TerminalPage, 'now'>): readonly string[] => {
  const { aimed, autoscalers, count } = explained
  return [
    ...addsUp(explained),
    ...aimed.flatMap(hook => whoRan(hook, now)),
    ...(autoscalers === 'unknown'
      ? ['You may not list autoscalers here, so one may be setting this count unseen.']
      : autoscalers.map(
          ({ shownAs }) =>
            `${shownAs} sets this count, and undoes what others set. Point hooks at ${shownAs}: they change its minimum, or its maximum.`,
        )),
    ...doubtsOf(explained, count.shownAs, now),
  ]
}

/** Returns what is not known of a count, or not yet, as sentences. */
export const doubtsOf = (
  { account, said }: Pick<ExplainedCount, 'account' | 'said'>,
  shownAs: string,
  now: number,
): readonly string[] => [
  ...account.claims.map(({ at, by, hook, isPending }) => {
    const [does, did] = isHoldShown(shownAs)
      ? [by > 0 ? 'begin a hold' : 'end a hold', by > 0 ? 'began a hold' : 'ended a hold']
      : [`change this count by ${signed(by)}`, `made a step by ${signed(by)}`]
    return isPending
      ? `${hook} has been about to ${does} for ${humanDuration(now - at)}.`
      : `Nobody knows whether ${hook} ${did}, ${humanDuration(now - at)} ago.`
  }),
  ...said.unknown.map(
    ({ at, hook }) =>
      `Nobody can know whether a delivery to ${hook} changed ${shownAs}, ${humanDuration(now - at)} ago (OutcomeUnknown).`,
  ),
  ...said.unread.map(hook => `A newer version wrote the record of ${hook}, and this one can't read it.`),
  ...(said.by === 'statuses'
    ? ["You may not read receiverhookrecords, so this is what the hooks' statuses say: only leases, at most 20 a hook."]
    : []),
]

/** How many runs of a hook are named. */
const maxRuns = 3

/** Returns who changed a count through a hook last, newest first. Deliveries without a proof are left out. */
const whoRan = ({ metadata, status }: ReceiverHook, now: number): readonly string[] => {
  const runs = (status?.recent ?? []).flatMap(({ by, from, outcome, time, to }) =>
    by === undefined || outcome !== 'applied' || from === undefined
      ? []
      : [`${byInWords(by)} (${from} -> ${to}, ${humanDuration(now - parseTime(time))} ago)`],
  )
  return runs.length === 0 ? [] : [`${metadata.name} was run by ${runs.slice(0, maxRuns).join(', ')}.`]
}

/** Returns what does not add up. Empty if all of the count is explained. */
const addsUp = (explained: ExplainedCount): readonly string[] => {
  const { account, said } = explained
  const { base, count, good, open } = account
  if (good === 0 || lastingHooks(explained).length > 0) return []
  const known = base + sumOf(open)
  const causes = [
    'a hook that was deleted or pointed elsewhere since',
    'a hook that had no `for` then',
    'a lease that bounds have held back for 7 days',
    ...(said.by === 'statuses' ? ['what statuses do not show'] : []),
    ...(account.claims.length > 0 ? ['a step that may or may not have been made'] : []),
    ...(said.unread.length > 0 ? ['an unreadable record'] : []),
  ]
  return [
    `This does not add up: base and parts make ${known}, but the count is ${count}. ${signed(good)} is from ${causes.join(', or ')}.`,
  ]
}
