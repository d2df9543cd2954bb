import type { About } from '../result.ts'
import { median } from '../stats.ts'
import { number } from '../table.ts'
import type { Sizes, Trial } from './trial.ts'

/** Where the figures of the page are kept. */
export const resultsPath = 'bench/results/beside.json'

/** What a run came to. */
export interface ComparisonResults {
  readonly about: About
  readonly sizes: Sizes
  readonly contenders: readonly ContenderResult[]
}

/** All rounds of a contender. Of times and memory the medians; of steps each round, since one that is wrong is wrong. */
export interface ContenderResult extends Omit<Trial, 'burstSteps' | 'killedSteps' | 'copiesSteps'> {
  readonly name: string
  readonly title: string
  readonly burstSteps: readonly number[]
  readonly killedSteps: readonly number[]
  readonly copiesSteps: readonly number[]
}

export const resultOf = (name: string, title: string, trials: readonly Trial[]): ContenderResult => {
  const middle = (key: keyof Trial): number => median(trials.map(trial => trial[key]))
  return {
    name,
    title,
    p50: middle('p50'),
    p99: middle('p99'),
    burst: middle('burst'),
    burstAnswered: middle('burstAnswered'),
    idle: middle('idle'),
    peak: middle('peak'),
    burstSteps: trials.map(({ burstSteps }) => burstSteps),
    killedSteps: trials.map(({ killedSteps }) => killedSteps),
    copiesSteps: trials.map(({ copiesSteps }) => copiesSteps),
  }
}

/** Returns all figures, as Markdown. */
export const contenderTable = ({ contenders, sizes }: ComparisonResults): string =>
  [
    `| | one post: p50 | p99 | ${sizes.burst} posts at once: all answered | answered 200 | steps, of ${sizes.burst} | killed among ${sizes.killed} posts: steps | ${sizes.copies} alerts, two copies of each: steps | memory at rest | at most |`,
    `|---|${'---:|'.repeat(9)}`,
    ...contenders.map(of =>
      row([
        of.title,
        `${number(of.p50)} ms`,
        `${number(of.p99)} ms`,
        secondsOf(of.burst),
        number(of.burstAnswered),
        steps(of.burstSteps, sizes.burst),
        steps(of.killedSteps, sizes.killed),
        steps(of.copiesSteps, sizes.copies),
        `${number(of.idle)} MiB`,
        `${number(of.peak)} MiB`,
      ]),
    ),
  ].join('\n')

/** Returns the figures for a reader who has not chosen yet. */
export const shortTable = ({ contenders, sizes }: ComparisonResults): string =>
  [
    `| | steps of ${sizes.copies} alerts | steps of ${sizes.burst} posts | these answered after |`,
    '|---|---:|---:|---:|',
    ...contenders.map(of =>
      row([of.title, steps(of.copiesSteps, sizes.copies), steps(of.burstSteps, sizes.burst), secondsOf(of.burst)]),
    ),
  ].join('\n')

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const secondsOf = (ms: number): string => `${number(ms / 1000)} s`

/** Returns the steps of all rounds. What differs from as many as were wanted is bold. */
const steps = (made: readonly number[], wanted: number): string => {
  const [least, most] = [Math.min(...made), Math.max(...made)]
  const text = least === most ? number(least) : `${number(least)} to ${number(most)}`
  return least === wanted && most === wanted ? text : `**${text}**`
}
