import { readFileSync } from 'node:fs'
import { UsageError, type Option, type ParsedLine } from '../src/commands/command.ts'
import { CommandFailure } from '../src/commands/failure.ts'
import { choice, flag, text } from '../src/commands/options.ts'
import type { Shell } from '../src/commands/shell.ts'

/** The flags that `run` and `trigger` share. */
export const dryRun = flag({ flag: 'dry-run', means: 'compute what it would do, and change nothing' })
export const data = text({
  flag: 'data',
  short: 'd',
  value: 'TEXT',
  means: 'the body: a text, @FILE, or - for the input',
  completes: 'files',
})
export const output = choice(
  { flag: 'output', short: 'o', value: 'FORMAT', means: 'text, or json: all that is known' },
  ['text', 'json'],
  'text',
)

/** Returns the body that `--data` says. Undefined if it is not given. */
export const bodyGiven = async (given: ParsedLine, { input }: Pick<Shell, 'input'>): Promise<string | undefined> => {
  const source = given.get(data)
  if (source === '-') return await input.text()
  return source?.startsWith('@') === true ? fileText(source.slice(1)) : source
}

export const fileText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new CommandFailure(`can't read ${file}: does it exist?`, 1)
  }
}

/** Returns how long `--wait` waits, in milliseconds. Undefined if it is not given. */
export const waitGiven = (given: ParsedLine, waiting: Option<number | undefined>): number | undefined => {
  const withinMs = given.get(waiting)
  if (given.get(dryRun) && withinMs !== undefined) {
    throw new UsageError('use either --dry-run or --wait: a dry run has no outcome')
  }
  return withinMs
}
