import { reasons, type Reason } from '../../src/api/reasons.ts'
import type { ReasonPlace } from '../../src/api/reasons/reason.ts'
import { code, generated } from './markdown.ts'

/** Where a reason is given, in words. */
const places: Readonly<Record<ReasonPlace, string>> = {
  applied: 'answer 200 `applied`',
  unchanged: 'answer 200 `unchanged`',
  skipped: 'answer 200 `skipped`',
  rejected: 'answer 409 `rejected`',
  failed: 'answer 422 `failed`',
  awaiting: 'status of a waiting request',
  unavailable: 'answer 503 `unavailable`',
  unreadable: 'answer 400',
  refused: 'answer without an outcome',
  condition: 'condition (not Ready)',
  ready: 'condition (Ready)',
  event: 'Event',
  listed: 'status of the hook',
  waited: 'answer to a post with `wait`',
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

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

Each answer of the trigger, each condition of a hook and each Event has one of these as its \`reason\`.
[Why did my hook not fire?](../how-to/why-did-my-hook-not-fire.md) helps you find yours.
${entries
  .map(
    ([reason, { means, todo, where }]) =>
      `\n## ${reason}\n\n*${capitalised(where.map(place => places[place]).join(', '))}*\n\n${means}\n\n**To do**: ${todo}\n`,
  )
  .join('')}`
