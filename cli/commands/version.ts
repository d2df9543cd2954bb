import type { Command } from '../../src/commands/command.ts'
import { choice } from '../../src/commands/options.ts'

const output = choice({ flag: 'output', short: 'o', value: 'FORMAT', means: 'text or json' }, ['text', 'json'], 'text')

/** Returns the command that prints the version, like `--version`. */
export const versionCommand = (version: string): Command => ({
  details: 'To see which version runs in the cluster, use doctor.',
  options: [output],
  run: (given, { out }) => {
    out.write(given.get(output) === 'json' ? `${JSON.stringify({ version })}\n` : `${version}\n`)
    return Promise.resolve(0)
  },
})
