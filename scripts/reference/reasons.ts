import { reasons, type Reason } from '../../src/api/reasons.ts'
import type { ReasonPlace } from '../../src/api/reasons/reason.ts'
import { code, generated } from './markdown.ts'

/** Where a reason is given, in words. */
const places: Readonly<Record<ReasonPlace, string>> = {
  applied: 'an answer 200 `applied`',
  unchanged: 'an answer 200 `unchanged`',
  skipped: 'an answer 200 `skipped`',
  rejected: 'an answer 409 `rejected`',
  failed: 'an answer 422 `failed`',
  awaiting: 'the status of a request that waits',
  unavailable: 'a 503 `unavailable` answer',
  unreadable: 'an answer 400',
  refused: 'an answer without an outcome',
  condition: 'a condition (not Ready)',
  ready: 'a condition (Ready)',
  event: 'an Event',
  listed: 'the status of the hook',
  waited: 'an answer to a post with `wait`',
}

/** Returns a list as a sentence has it. */
const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`

/** Returns a reason as a link to what the page of reasons says of it. */
export const linkTo = (reason: string): string => `[${code(reason)}](../reference/reasons.md#${reason.toLowerCase()})`

/** Returns the reasons that are given in a place. */
export const reasonsIn = (place: ReasonPlace): readonly Reason[] =>
  entries.filter(([, { where }]) => where.some(other => other === place)).map(([reason]) => reason)

const entries = Object.keys(reasons)
  .filter((reason): reason is Reason => reason in reasons)
  .map(reason => [reason, reasons[reason]] as const)
  .toSorted(([a], [b]) => a.localeCompare(b))

/** Returns the page that explains every reason in answers, conditions and Events. */
export const reasonsPage = (): string => `${generated}
# Reasons

Each answer of the trigger, each condition of a hook and each Event gives one of these as its \`reason\`.
[Why did my hook not fire?](../how-to/why-did-my-hook-not-fire.md) says how to find the one that you need.
${entries
  .map(
    ([reason, { means, todo, where }]) =>
      `\n## ${reason}\n\nIn ${listed(where.map(place => places[place]))}.\n\n${means}\n\n**To do**: ${todo}\n`,
  )
  .join('')}`
