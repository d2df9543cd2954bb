import { reasons } from '../../src/api/reasons.ts'
import { code, generated, table } from './markdown.ts'

/** The page that explains every reason in answers, conditions and Events. */
export const reasonsPage = (): string => `${generated}
# Reasons

Each answer of the trigger endpoint, each condition of a hook and each Event gives one of these as its \`reason\`.

${table(
  ['reason', 'what has happened', 'what to do'],
  Object.entries(reasons)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([reason, { means, todo }]) => [code(reason), means, todo]),
)}
`
