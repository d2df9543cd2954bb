import type { Argument, Command, CommandEntry, Option } from '../../src/commands/command.ts'
import { accessGroup, accessOptions } from '../../cli/cluster/cluster.ts'
import { commonFields, fieldsOfDrivers, specOptions } from '../../cli/spec/flags.ts'
import { code, generated, table } from './markdown.ts'

/** Returns the page of every command with its flags, from the definitions that help and completion are made of. */
export const commandPage = async (entries: readonly CommandEntry[]): Promise<string> => {
  const loaded = await Promise.all(entries.map(async entry => ({ entry, command: await entry.load() })))
  const create = loaded.find(({ entry }) => entry.name === 'create')?.command.options ?? []
  const common = commonOf(loaded.map(({ command }) => command))
  const sections = loaded.map(({ command, entry }) =>
    section(entry, command, { create: entry.name === 'create' ? [] : create, common }),
  )
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

Every command that talks to an API server takes these, as kubectl does. \`serve\` and \`dashboard\` take only \`--kubeconfig\` and \`--context\`:

${table(['flag', 'meaning'], accessOptions.map(row))}

## Flags of many commands

These mean the same in every command that has them:

${table(['flag', 'meaning'], common.map(row))}
${sections.join('')}`
}

/** How many commands share a flag that is explained once. */
const shareOne = 4

/** Returns the flags, apart from those of kubectl, that mean the same in many commands. */
const commonOf = (commands: readonly Command[]): readonly Option<unknown>[] => {
  const all = commands.flatMap(({ options }) => options.filter(({ group }) => group !== accessGroup))
  const said = all.map(option => row(option).join(' '))
  return all.filter(
    (_, at) => said.indexOf(said[at] ?? '') === at && said.filter(text => text === said[at]).length >= shareOne,
  )
}

/** From how many flags on that a command shares with `create`, it leads there instead of saying them again. */
const manyShared = 10

/** Returns a table of flags, and one of those that set fields of a hook: what these do is on the page of the fields. */
const flagTables = (options: readonly Option<unknown>[]): string => {
  const setFields = new Set(specOptions)
  const ofFields = options.filter(option => setFields.has(option))
  const own = options.filter(option => !setFields.has(option))
  return [
    ...(own.length === 0 ? [] : [`\n${table(['flag', 'meaning'], own.map(row))}\n`]),
    ...(ofFields.length === 0
      ? []
      : [
          `\nThese flags set [fields of the spec](receiverhook.md#spec), where each field is explained:\n\n${table(['flag', 'fields'], ofFields.map(fieldRow))}\n`,
        ]),
  ].join('')
}

const fields = [...[...fieldsOfDrivers.values()].flat(), ...commonFields]

const fieldRow = (option: Option<unknown>): string[] => {
  const [flag = ''] = row(option)
  return [flag, fields.flatMap(field => (field.flag === option.flag ? [code(field.path.join('.'))] : [])).join(', ')]
}

/** Returns the section of a command, such as `create`: the flags of that command, which those that write a hook share. */
const section = (
  entry: CommandEntry,
  { arguments: words = [], details, examples = [], options, terms = [] }: Command,
  { create, common }: Readonly<Record<'create' | 'common', readonly Option<unknown>[]>>,
): string => {
  const ofMany = new Set(common.map(option => row(option).join(' ')))
  const inMany = options.filter(option => ofMany.has(row(option).join(' ')))
  const ofKubectl = options.filter(({ group }) => group === accessGroup)
  const unlike = options.filter(option => !inMany.includes(option) && !ofKubectl.includes(option))
  const known = new Set(create.map(option => row(option).join(' ')))
  const shared = unlike.filter(option => known.has(row(option).join(' ')))
  const isSaidOnce = shared.length >= manyShared
  const missing = create
    .filter(({ flag }) => !options.some(option => option.flag === flag))
    .map(({ flag }) => code(`--${flag}`))
  const own = isSaidOnce ? unlike.filter(option => !shared.includes(option)) : unlike
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
}${flagTables(own)}${
    isSaidOnce
      ? `\nIt also takes the [flags of ${code('create')}](#create)${missing.length === 0 ? '' : `, except ${missing.join(', ')}`}.\n`
      : ''
  }${alsoTakes(inMany, ofKubectl.length > 0)}${examples.length === 0 ? '' : `\n\`\`\`sh\n${examples.map(({ line, means }) => `# ${means}\nkubectl receiverhook ${line}`).join('\n')}\n\`\`\`\n`}`
}

/** Returns the sentence on the flags that are explained once for all commands. */
const alsoTakes = (inMany: readonly Option<unknown>[], ofKubectl: boolean): string => {
  const names = inMany.map(({ flag }) => code(`--${flag}`)).join(', ')
  const both = [
    ...(names === '' ? [] : [`[${names}](#flags-of-many-commands)`]),
    ...(ofKubectl ? [`[kubectl's](#flags-of-kubectl)`] : []),
  ]
  return both.length === 0 ? '' : `\nAlso ${both.join(' and ')}.\n`
}

const usageOf = ({ many, name, optional }: Argument): string => {
  const word = many === true ? `${name}...` : name
  return optional === true ? `[${word}]` : word
}

const row = ({ flag, isOptional, means, short, value }: Option<unknown>): string[] => {
  const word = value === undefined ? '' : isOptional ? `[=${value}]` : ` ${value}`
  return [code(`${short === undefined ? '' : `-${short}, `}--${flag}${word}`), means]
}
