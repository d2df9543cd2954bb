import type { Checked } from './check.ts'
import type { Attempt } from './history.ts'
import { kindWordIn, type Extent } from './plan.ts'
import type { Ran } from './run.ts'

/** Returns the figures of a run, a line each. */
export const report = (seed: number, extent: Extent, { history, steps, tookMs }: Ran, checked: Checked): string => {
  const { attempts, outside, versions } = history
  const posts = attempts.filter(({ hook }) => !hook.startsWith('probe-'))
  const named = posts.filter(({ name }) => name !== undefined)
  const deliveries = [...Map.groupBy(named, ({ name }) => name).values()]
  const served = deliveries.filter(copies => copies.some(({ answer }) => answer && answer.status < 500))
  const lost = posts.filter(({ answer }) => !answer)
  const stored = versions.filter(({ target }) => !target.startsWith('probe-')).length - extent.targets
  const kinds = new Map(history.hooks.map(({ name, target }) => [name, kindWordIn(target)]))
  const seconds = tookMs / 1000
  const lines = [
    `seed ${seed}, ${extent.targets} targets, ${extent.triggers} triggers, ${extent.senders} senders`,
    `posts: ${posts.length} in ${seconds.toFixed(1)} s, ${Math.round(posts.length / seconds)} /s`,
    `answers: ${tally(posts.map(answerOf))}`,
    `posts by kind: ${tally(posts.map(({ hook }) => kinds.get(hook) ?? ''))}`,
    `named: ${deliveries.length} deliveries in ${named.length} posts, ${deliveries.length - served.length} given up`,
    `without an answer: ${lost.length} (${lost.filter(({ name }) => name !== undefined).length} named)`,
    `deliveries without an answer: ${checked.unanswered}, of which ${checked.unansweredApplied} explain a write`,
    `killed: ${extent.triggerKills} triggers, the API server ${extent.apiServerKills} times`,
    `versions of targets: ${stored}; outside writes: ${outside.filter(({ made }) => made !== undefined).length} stored, ${outside.filter(({ made }) => made === undefined).length} unanswered`,
    `the triggers' metrics, as far as they could be read: ${[...steps].map(([name, value]) => `${name} ${value}`).join(', ')}`,
    `violations: ${checked.violations.length}`,
  ]
  return lines.map(line => `  ${line}\n`).join('')
}

const answerOf = ({ answer }: Attempt): string => (answer ? `${answer.status} ${answer.reason}` : 'none')

const tally = (words: readonly string[]): string =>
  [...Map.groupBy(words, word => word)]
    .map(([word, same]) => `${same.length} ${word}`)
    .toSorted()
    .join(', ')
