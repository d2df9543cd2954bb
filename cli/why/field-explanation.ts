import { base, type FieldValue } from '../../src/steps/target/holds.ts'
import { printable, table, type TableCell } from '../output/table.ts'
import { wrapped } from '../output/wrap.ts'
import { doubtsOf, partRow, type TerminalPage } from './explanation.ts'
import type { ExplainedField, Holders } from './held.ts'

/** Returns who holds a field of an object, as lines for a terminal. */
export const fieldExplanation = (field: ExplainedField, page: TerminalPage): string => {
  const { authors, hold, holders, name, namespace, object, value } = field
  const { now, paint, width } = page
  const titles = ['HOOK', 'HELD AT', 'AGE', 'UNTIL', 'BY']
  const open = holders.flatMap(each => holderRows(each, page))
  const ended = holders.flatMap(({ account, held }) => account.ended.map(part => partRow(part, page, held.value)))
  const notes = [
    ...(hold ? [afterwards(field)] : []),
    ...new Set(holders.flatMap(each => doubtsOf(each, each.shownAs, now))),
  ]
  return [
    `${paint('strong', `${object} in ${namespace}: ${name} ${inWords(value)}, ${hold ? 'held by hooks' : 'and no hook holds it'}`)}\n`,
    ...(open.length === 0 ? [] : [table(titles, open, paint, width)]),
    ...notes.map(note => `${wrapped(printable(note), width).join('\n')}\n`),
    ...(ended.length === 0
      ? []
      : [
          `${printable(authors[0]?.manager ?? 'Someone else')} has set it since, so these are over:\n`,
          table(titles, ended, paint, width),
        ]),
  ].join('')
}

const inWords = (value: FieldValue | undefined): string => (value === undefined ? 'is not set' : `is ${value}`)

const holderRows = ({ account, held: { value } }: Holders, page: TerminalPage): readonly (readonly TableCell[])[] => [
  ...account.open.map(part => partRow(part, page, value)),
  ...(account.good === 0
    ? []
    : [[{ text: 'unexplained', style: 'warning' as const }, value, '', '', `${account.good} more`]]),
]

/** Returns the value of the field once nobody holds it. */
const afterwards = ({ hold }: ExplainedField): string => {
  if (hold?.at === undefined) {
    return `The highest value wins, which is ${base}: the field stays as others have set it.`
  }
  const { was } = hold
  return was === undefined
    ? 'When nobody holds it any more, it is removed again.'
    : `When nobody holds it any more, it goes back to ${was}.`
}
