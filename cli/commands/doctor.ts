import { accessOptions, allNamespaces, namespaceOption, openCluster } from '../cluster/cluster.ts'
import { systemNamespaceOption } from '../cluster/system.ts'
import type { Command } from '../../src/commands/command.ts'
import { examined } from '../doctor/examined.ts'
import type { Finding } from '../doctor/finding.ts'
import { choice, publicURL } from '../../src/commands/options.ts'
import { colourOption, paintFor, type Style } from '../output/colour.ts'
import { printable } from '../output/table.ts'
import { messageLines } from '../output/wrap.ts'

const base = publicURL({ means: "where to reach the endpoint from here (default: the beginning of hooks' URLs)" })
const output = choice({ flag: 'output', short: 'o', value: 'FORMAT', means: 'text or json' }, ['text', 'json'], 'text')

const styles: Readonly<Record<Finding['is'], Style>> = { ok: 'good', warning: 'warning', failure: 'bad' }

/** Checks the installation and the hooks, and says what to do about each problem. */
export const doctorOf = (version: string): Command => ({
  details:
    'It changes nothing. Its only post goes to a URL that no hook has. Exit code 1 means that a check failed; judge warnings yourself.',
  options: [namespaceOption, allNamespaces, systemNamespaceOption, base, output, colourOption, ...accessOptions],
  examples: [
    { line: 'doctor -A', means: 'the installation, and the hooks in all namespaces' },
    { line: 'doctor -o json', means: 'for scripts' },
  ],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const { clock, env, out } = shell
    const found = await examined({
      cluster,
      namespace: given.get(allNamespaces) ? undefined : cluster.namespace,
      system: given.get(systemNamespaceOption),
      version,
      clock,
      withHooks: true,
      from: { base: given.get(base), env },
    })
    const paint = paintFor(given, shell)
    if (given.get(output) === 'json') out.write(`${JSON.stringify(found, undefined, 4)}\n`)
    else
      for (const finding of found) out.write(linesOf(finding, out.columns(), text => paint(styles[finding.is], text)))
    return found.some(({ is }) => is === 'failure') ? 1 : 0
  },
})

/** The width of the left column with the blanks after it, in characters. */
const margin = 9

const linesOf = (
  { about, is, message, todo }: Finding,
  columns: number | undefined,
  paint: (text: string) => string,
): string => {
  const width = columns === undefined ? undefined : columns - margin
  const found = messageLines(printable(`${about}: ${message}`), width)
  const lines = [...found, ...(todo === undefined ? [] : messageLines(printable(`To do: ${todo}`), width))]
  return lines
    .map((line, index) => `${index === 0 ? `${paint(is.padEnd(7))}  ` : ' '.repeat(margin)}${line}\n`)
    .join('')
}
