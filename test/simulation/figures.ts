import { createHash } from 'node:crypto'
import { described, type Violation } from './happened.ts'
import type { History } from './history.ts'

/** What was in a history, or in many. */
export interface Figures {
  readonly histories: number
  readonly events: number
  readonly requests: number
  readonly crashes: number
  readonly posts: number
  readonly writes: number
  /** In milliseconds of virtual time. */
  readonly lasted: number
}

export const noFigures: Figures = { histories: 0, events: 0, requests: 0, crashes: 0, posts: 0, writes: 0, lasted: 0 }

export const figuresOf = ({ events, happened, lasted }: History): Figures => {
  const count = { request: 0, crash: 0, post: 0, folded: 0 }
  for (const { what } of happened) {
    if (what === 'request' || what === 'crash' || what === 'post' || what === 'folded') count[what] += 1
  }
  const { crash, folded, post, request } = count
  return { histories: 1, events, requests: request, crashes: crash, posts: post, writes: folded, lasted }
}

export const sum = (a: Figures, b: Figures): Figures => ({
  histories: a.histories + b.histories,
  events: a.events + b.events,
  requests: a.requests + b.requests,
  crashes: a.crashes + b.crashes,
  posts: a.posts + b.posts,
  writes: a.writes + b.writes,
  lasted: a.lasted + b.lasted,
})

/** The means of one history, in words. */
export const inWords = ({ crashes, events, histories, lasted, posts, requests, writes }: Figures): string => {
  const mean = (total: number): string => (total / Math.max(1, histories)).toFixed(1)
  return `each of ${mean(lasted / 1000)} s, ${mean(events)} events, ${mean(requests)} requests, ${mean(posts)} posts, ${mean(writes)} folds and ${mean(crashes)} crashes`
}

export const traceOf = ({ happened }: History): string => happened.map(described).join('\n')

/** Equal for two histories in which the very same happened. */
export const fingerprint = (history: History): string =>
  createHash('sha256').update(traceOf(history)).digest('hex').slice(0, 16)

/** What says in which share of the histories something is. With another share, a seed may be another history. */
const shares = ['SIMULATION_RESTORES', 'SIMULATION_ISSUERS', 'SIMULATION_HOLDS', 'SIMULATION_APPROVALS'] as const

/** A failing seed, as a person needs to see it. */
export const failure = (seed: number, violations: readonly Violation[]): string => {
  const share = shares
    .flatMap(name => (process.env[name] === undefined ? [] : `${name}=${process.env[name]} `))
    .join('')
  return [
    `seed ${seed} breaks what is promised:`,
    ...violations.slice(0, 5).map(({ promise, why }) => `  (${promise}) ${why}`),
    `replay it: ${share}npx node test/simulation/run.ts --seed ${seed} --trace`,
  ].join('\n')
}
