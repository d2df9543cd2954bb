/**
 * Keeps how many lines of code each room may have, in budget.json. `npm run budget` lowers the numbers to what the
 * rooms have, and `-- --raise ROOM 'why'` raises one. `-- --check` fails if the numbers do not fit, or rose without a reason
 * since the commit that `main` and this branch share. On `main`, that is the commit before. `--base` names another one.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { changesIn, codeLinesByRoom, findingsIn, lowered, parsedBudget, raised, type Budget } from './count/budget.ts'
import { codeIn, productFolders } from './count/source.ts'

const path = 'budget.json'

/** Returns what git prints, or an empty text if it fails. */
const git = (...args: readonly string[]): string => {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

/** Returns the budget before this change. Absent in a shallow clone: then only the numbers are checked. */
const budgetAt = (revision: string): Budget | undefined => {
  const text = git('show', `${revision}:${path}`)
  return text === '' ? undefined : parsedBudget(text)
}

const shared = git('merge-base', 'HEAD', 'origin/main')
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    raise: { type: 'string' },
    base: { type: 'string', default: shared === '' || shared === git('rev-parse', 'HEAD') ? 'HEAD^' : shared },
  },
})

const budget = parsedBudget(readFileSync(path, 'utf8'))
const lines = codeLinesByRoom(codeIn(productFolders))
const why = positionals.join(' ')

if (values.check) {
  const base = budgetAt(values.base)
  for (const change of base ? changesIn(budget, base) : []) console.log(change)
  const findings = findingsIn(budget, lines, base)
  for (const finding of findings) console.error(finding)
  process.exitCode = findings.length === 0 ? 0 : 1
} else if (values.raise !== undefined && (lines[values.raise] === undefined || why === '')) {
  console.error(`--raise ROOM 'why': ROOM is one of ${Object.keys(lines).toSorted().join(', ')}`)
  process.exitCode = 2
} else {
  const next = values.raise === undefined ? lowered(budget, lines) : raised(budget, lines, values.raise, why)
  for (const change of changesIn(next, budget)) console.log(change)
  const sorted = Object.fromEntries(Object.entries(next).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  writeFileSync(path, `${JSON.stringify(sorted, undefined, 2)}\n`)
}
