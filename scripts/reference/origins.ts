import { globSync, readFileSync } from 'node:fs'
import { reasons } from '../../src/api/reasons.ts'
import { code, generated, table } from './markdown.ts'

/** The rooms in which an answer, a condition or an Event is decided. */
const rooms = 'src/{acts,api,controller,drivers,expressions,operations,record,senders,steps,trigger}/**/*.ts'

/** Finds each file of those rooms that gives a reason, by its literal in the source. */
const filesThatGive = (reason: string, files: readonly (readonly [path: string, text: string])[]): readonly string[] =>
  files.filter(([, text]) => text.includes(`'${reason}'`)).map(([path]) => path)

/** Returns the page with the files that give each reason. */
export const originsPage = (): string => {
  const files = globSync(rooms)
    .filter(path => !path.startsWith('src/api/reasons'))
    .toSorted()
    .map(path => [path.slice('src/'.length), readFileSync(path, 'utf8')] as const)
  const rows = Object.keys(reasons)
    .toSorted((a, b) => a.localeCompare(b))
    .map(reason => [code(reason), filesThatGive(reason, files).map(code).join(', ')])
  return `${generated}
# From a reason to the code

You see a reason in an answer, a condition or an Event, and want to know where it comes from. These files of \`src/\` name it: one decides it, or
hands it on. [Reasons](../docs/reference/reasons.md) says what each means.

${table(['reason', 'files'], rows)}
`
}
