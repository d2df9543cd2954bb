import { at, stringAt, tryParseJson } from '../../../src/api/json.ts'

/** The outcome of a delivery, from a line of the trigger's log. */
export interface Delivered {
  /** When it was answered, in milliseconds since the epoch. */
  readonly at: number
  readonly hook: string
  readonly outcome: string
  readonly reason: string
  readonly from: number | undefined
  readonly to: number | undefined
}

/** Returns all deliveries in a trigger's log, in the order in which they were answered. */
export const deliveriesIn = (lines: readonly string[]): readonly Delivered[] =>
  lines.map(tryParseJson).flatMap(line =>
    at(line, 'msg') === 'delivery'
      ? [
          {
            at: Date.parse(stringAt(line, 'time') ?? ''),
            hook: stringAt(line, 'hook') ?? '',
            outcome: stringAt(line, 'outcome') ?? '',
            reason: stringAt(line, 'reason') ?? '',
            from: numberAt(line, 'from'),
            to: numberAt(line, 'to'),
          },
        ]
      : [],
  )

/** Returns a text such as `web-up: applied, Stepped from 1 to 2`. */
export const textOf = ({ from, hook, outcome, reason, to }: Delivered): string =>
  `${hook}: ${outcome}, ${reason}${from === undefined ? '' : ` from ${from} to ${to}`}`

const numberAt = (line: unknown, member: string): number | undefined => {
  const value = at(line, member)
  return typeof value === 'number' ? value : undefined
}
