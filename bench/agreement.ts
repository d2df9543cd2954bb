import { readFileSync } from 'node:fs'
import { at, isObject, parseJson } from '../src/api/json.ts'
import type { Results } from './result.ts'
import { agree, type Spread } from './stats.ts'
import { number } from './table.ts'

/** Reads what a run has written. Throws where that is no such file. */
export const readResults = (file: string): Results => {
  const read = parseJson(readFileSync(file, 'utf8'))
  if (!isResults(read)) throw new Error(`${file} holds no figures of the bench`)
  return read
}

/** Returns whether a file holds results. Only this program writes such files. */
const isResults = (value: unknown): value is Results => isObject(value) && Array.isArray(at(value, 'rows'))

/** Returns every figure of two runs that both have, and whether they agree within their spreads: one line each. */
export const agreementOf = (one: Pick<Results, 'rows'>, other: Pick<Results, 'rows'>): readonly string[] => {
  const others = spreadsOf(other)
  return [...spreadsOf(one)].flatMap(([name, spread]) => {
    const before = others.get(name)
    if (!before) return []
    return [
      `${agree(spread, before) ? 'agree   ' : 'DISAGREE'}  ${name}: ${inWords(spread)}, before ${inWords(before)}`,
    ]
  })
}

const inWords = ({ least, median, most }: Spread): string => `${number(median)} (${number(least)} to ${number(most)})`

/** Returns the spreads by name: ratios where there are any, since those scatter least. */
const spreadsOf = ({ rows }: Pick<Results, 'rows'>): ReadonlyMap<string, Spread> =>
  new Map(
    rows.flatMap((row): [string, Spread][] => {
      switch (row.kind) {
        case 'comparison':
          return row.figures.map(({ product, ratio, title }) => [`${row.name}, ${title}`, ratio ?? product])
        case 'growth':
          return row.figures.flatMap(({ points, title }) =>
            points.map(([size, spread]): [string, Spread] => [`${row.name}, ${title}, ${size}`, spread]),
          )
        case 'failed':
          return []
      }
    }),
  )
