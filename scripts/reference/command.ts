import type { Argument, Command, Entry, Option } from '../../src/cli/command.ts'
import { accessGroup, accessOptions } from '../../src/cli/cluster/cluster.ts'
import { code, generated, table } from './markdown.ts'

/** The page of every command with its flags, from the definitions that help and completion are made of. */
export const commandPage = async (entries: readonly Entry[]): Promise<string> => {
  const sections = await Promise.all(entries.map(async entry => section(entry, await entry.load())))
  return `${generated}
# Command line

\`receiver-hooks COMMAND\`, or as kubectl's plugin \`kubectl receiverhook COMMAND\`. Without a command the program shows its
help.

${table(
  ['command', 'does'],
  entries.map(({ aliases = [], name, summary }) => [
    [name, ...aliases].map(word => `[${code(word)}](#${name})`).join(', '),
    summary,
  ]),
)}

Every command takes \`--help\`, and the program \`--version\`.

## Flags of kubectl

Every command that speaks to an API server takes these, as kubectl does:

${table(['flag', 'meaning'], accessOptions.map(row))}
${sections.join('')}`
}

const section = (
  entry: Entry,
  { arguments: words = [], details, examples = [], options, terms = [] }: Command,
): string => {
  const own = options.filter(({ group }) => group !== accessGroup)
  return `
## ${entry.name}

${[
  `${entry.summary.charAt(0).toUpperCase()}${entry.summary.slice(1)}.`,
  ...(terms.length === 0 ? [] : [terms.map(({ means, term }) => `- ${code(term)}: ${means}`).join('\n')]),
  // Markdown joins lines that no empty one parts.
  ...(details?.split('\n') ?? []),
].join('\n\n')}

\`${[entry.name, ...words.map(usageOf), ...(options.length === 0 ? [] : ['[flags]'])].join(' ')}\`
${
  words.length === 0
    ? ''
    : `\n${table(
        ['argument', 'meaning'],
        words.map(word => [code(word.name), word.means]),
      )}\n`
}${
    own.length === 0 ? '' : `\n${table(['flag', 'meaning'], own.map(row))}\n`
  }${own.length === options.length ? '' : `\nAnd [the flags of kubectl](#flags-of-kubectl).\n`}${examples.length === 0 ? '' : `\n\`\`\`sh\n${examples.map(({ line, means }) => `# ${means}\nkubectl receiverhook ${line}`).join('\n')}\n\`\`\`\n`}`
}

const usageOf = ({ many, name, optional }: Argument): string => {
  const word = many === true ? `${name}...` : name
  return optional === true ? `[${word}]` : word
}

const row = ({ flag, means, short, value }: Option<unknown>): string[] => [
  code(`${short === undefined ? '' : `-${short}, `}--${flag}${value === undefined ? '' : ` ${value}`}`),
  means,
]
