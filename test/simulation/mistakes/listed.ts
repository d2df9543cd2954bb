import { readFileSync } from 'node:fs'

/** The page that lists the mistakes, each with the seeds that it took. */
const page = 'contributing/planted-mistakes.md'

/** A row of the page's table. */
export interface ListedMistake {
  readonly mistake: string
  /** The test, without `.test.ts`. */
  readonly name: string
  /** What the simulation may find broken by it. */
  readonly promises: readonly string[]
  /** How many seeds it took, the median of several starts. */
  readonly seeds: number
}

/** Returns the mistakes that the page lists. */
export const listedMistakes = (): readonly ListedMistake[] =>
  [...readFileSync(page, 'utf8').matchAll(/^\| (.+?) \| `([a-z0-9-]+)` \| (.+?) \| (\d+) \|$/gm)].map(
    ([, mistake = '', name = '', promises = '', seeds = '']) => ({
      mistake,
      name,
      promises: promises.split(', '),
      seeds: Number(seeds),
    }),
  )
