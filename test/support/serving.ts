import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { runOptions, type RunOptions } from '../../src/commands/serve.ts'
import { shell } from './shell.ts'

/** Returns what the program would be started with by these arguments, as `receiver-hooks`. Throws what the program throws. */
export const servingOptions = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunOptions | undefined> => {
  let options: RunOptions | undefined
  const entries = commands.map(entry => ({
    ...entry,
    load: async () => ({
      ...(await entry.load()),
      run: (given: Parameters<typeof runOptions>[0]) => {
        if (entry.name === 'serve') options = runOptions(given, env, 'abc')
        return Promise.resolve(0)
      },
    }),
  }))
  await runProgram({ entries, version: '', summary: '' }, args, shell({ env }).shell)
  return options
}
