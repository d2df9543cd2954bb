/**
 * The command line and the kubectl plugin. A command is a file in `commands/` and a line in
 * `registry.ts`. Help, completion and the reference page are made from the command's declaration.
 * The program talks to the API server as the user of the kubeconfig, and to trigger URLs. It needs
 * no running role and imports no server code.
 */
import { Command as Parser, CommanderError, Option as ParserOption } from 'commander'
import {
  UsageError,
  type Command,
  type CommandResult,
  type CommandEntry,
  type ParsedLine,
  type Option,
} from '../src/commands/command.ts'
import { CommandFailure } from '../src/commands/failure.ts'
import { redacted } from '../src/environment/redact.ts'
import { description, helpColumns, helpLayout, shellLines } from './output/help.ts'
import { readably, safely } from './output/terminal.ts'
import type { Shell } from '../src/commands/shell.ts'

/**
 * Flags that may stand before the command, as in kubectl. The word after such a flag is its value.
 */
const early = new Set(['-n', '--namespace', '--context', '--cluster', '--user', '--kubeconfig', '--as', '--as-group'])

/** Returns the typed words with the command's name first, even if flags were typed before it. */
const commandFirst = (typed: readonly string[], entries: readonly CommandEntry[]): readonly string[] => {
  const known = new Set(entries.flatMap(({ aliases, name }) => [name, ...(aliases ?? [])]))
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i] ?? ''
    if (early.has(word)) i++
    else if (!word.startsWith('-')) {
      return known.has(word) ? [word, ...typed.slice(0, i), ...typed.slice(i + 1)] : typed
    }
  }
  return typed
}

export interface Program {
  readonly entries: readonly CommandEntry[]
  readonly version: string
  /** What the program is for, in one line for help. */
  readonly summary: string
  /**
   * The version of Node that runs the program. Absent: no command is refused because of the
   * version.
   */
  readonly node?: string
}

/**
 * Runs the typed command, or shows help. Loads only the module of the typed command. Resolves with
 * the exit code, or with a function that stops the command. Throws {@link UsageError} and the
 * command's errors.
 */
export const runProgram = async (program: Program, typed: readonly string[], given: Shell): Promise<CommandResult> => {
  const shell = { ...given, out: safely(given.out), err: readably(safely(given.err)) }
  const { entries } = program
  if (typed[0] === '__complete') {
    const { complete, printed } = await import('./completion/complete.ts')
    shell.out.write(printed(await complete(entries, typed.slice(1), shell)))
    return 0
  }
  const args = commandFirst(typed, entries)
  const [first] = args
  if (first === '--version') {
    shell.out.write(`${program.version}\n`)
    return 0
  }
  const named = entries.find(entry => isNamed(entry, first))
  if (named !== undefined) return await runEntry(program, named, args.slice(1), shell)
  if (first === 'help') return await helpOn(program, args[1], shell)
  if (first !== undefined && !first.startsWith('-')) throw unknownCommand(program, first, shell)
  const asksForHelp = args.some(arg => arg === '--help' || arg === '-h')
  if (first !== undefined && !asksForHelp) throw new UsageError(`name a command before ${first}`)
  shell.out.write(overview(program, shell).helpInformation())
  return 0
}

const isNamed = ({ aliases, name }: CommandEntry, word: string | undefined): boolean =>
  word !== undefined && (word === name || aliases?.includes(word) === true)

/** Returns the error for an unknown command. The parser suggests similar names. */
const unknownCommand = (program: Program, word: string, shell: Shell): UsageError => {
  try {
    overview(program, shell).parse([word], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return new UsageError(plain(error))
  }
  return new UsageError(`unknown command '${word}'`)
}

const helpOn = async (program: Program, word: string | undefined, shell: Shell): Promise<number> => {
  const entry = program.entries.find(candidate => isNamed(candidate, word))
  if (word !== undefined && entry === undefined) throw unknownCommand(program, word, shell)
  if (entry !== undefined) return Number(await runEntry(program, entry, ['--help'], shell))
  shell.out.write(overview(program, shell).helpInformation())
  return 0
}

const runEntry = async (
  program: Program,
  entry: CommandEntry,
  args: readonly string[],
  shell: Shell,
): Promise<CommandResult> => {
  const command = await entry.load()
  const texts = new Map<string, string[]>()
  const parser = parserOf(entry, command, shell, texts)
  let words: readonly string[] = []
  parser.action(() => void (words = parser.args))
  try {
    parser.parse(withEmptyValues(args, command), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    throw await explained(error, program.entries, entry, command)
  }
  const textsOf = (option: Option<unknown>): readonly string[] => texts.get(option.flag) ?? []
  const given: ParsedLine = { arguments: words, get: option => option.read(textsOf(option)) }
  refuseOldNode(entry, program)
  try {
    // All flags are parsed before the command runs, so that a wrong one is refused before anything
    // is done.
    for (const option of command.options) given.get(option)
    return await command.run(given, command.showsSecrets?.(given) === true ? shell : withoutTokens(shell))
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message, entry.name) : error
  }
}

/**
 * Adds an empty value to each flag whose optional value was left out. Otherwise the parser would
 * take the next word as the value.
 */
const withEmptyValues = (args: readonly string[], { options }: Command): readonly string[] => {
  const bareFlags = new Set(options.filter(({ isOptional }) => isOptional).map(({ flag }) => `--${flag}`))
  const end = args.includes('--') ? args.indexOf('--') : args.length
  return args.map((arg, index) => (index < end && bareFlags.has(arg) ? `${arg}=` : arg))
}

const refuseOldNode = ({ minNode = 0, name }: CommandEntry, { node }: Program): void => {
  if (node === undefined || Number(node.split('.')[0]) >= minNode) return
  const message = `${name} needs Node ${minNode} or later, and this is Node ${node}: install it from https://nodejs.org, or run the image`
  throw new CommandFailure(message, 1)
}

/** Returns a shell that replaces tokens in all output, so that no mistake reveals one. */
const withoutTokens = (shell: Shell): Shell => ({
  ...shell,
  out: {
    ...shell.out,
    write: text => shell.out.write(redacted(text)),
    rewriteLine: text => shell.out.rewriteLine(redacted(text)),
  },
  err: {
    ...shell.err,
    write: text => shell.err.write(redacted(text)),
    rewriteLine: text => shell.err.rewriteLine(redacted(text)),
  },
})

/**
 * Returns the parser of one command. The parser collects the texts of each flag, and does not
 * interpret them.
 */
const parserOf = (entry: CommandEntry, command: Command, shell: Shell, texts: Map<string, string[]>): Parser => {
  const columns = helpColumns(shell.out.columns())
  const parser = bare(`${shell.program} ${entry.name}`, shell).description(
    description(capitalised(entry.summary), command, columns),
  )
  for (const argument of command.arguments ?? []) {
    const word = `${argument.name}${argument.many === true ? '...' : ''}`
    parser.argument(argument.optional === true ? `[${word}]` : `<${word}>`, argument.means)
  }
  for (const option of command.options) {
    const known = new ParserOption(flagsOf(option), option.means)
    if (option.group !== undefined) known.helpGroup(`${option.group}:`)
    parser.addOption(known)
    parser.on(`option:${known.name()}`, (text?: string) => {
      texts.set(option.flag, [...(texts.get(option.flag) ?? []), text ?? ''])
    })
  }
  const examples = (command.examples ?? []).map(
    ({ line, means }) => `  # ${means}\n${shellLines(`  ${shell.program} ${line}`, columns)}\n`,
  )
  if (examples.length > 0) parser.addHelpText('after', `\nExamples:\n${examples.join('\n').trimEnd()}`)
  return parser
}

const flagsOf = ({ flag, isOptional, short, value }: Option<unknown>): string => {
  const word = value === undefined ? '' : isOptional ? ` [${value}]` : ` <${value}>`
  return `${short === undefined ? '' : `-${short}, `}--${flag}${word}`
}

/** Returns the parser that lists all commands. */
const overview = ({ entries, summary }: Program, shell: Shell): Parser => {
  const parser = bare(shell.program, shell).usage('COMMAND [flags]').description(summary)
  parser.helpCommand(false).option('--version', 'show the version')
  for (const entry of entries) {
    const line = new Parser(entry.name).description(entry.summary).helpGroup(`${entry.group}:`)
    parser.addCommand(entry.aliases === undefined ? line : line.aliases(entry.aliases))
  }
  return parser.configureHelp({ ...helpLayout, subcommandTerm: line => [line.name(), ...line.aliases()].join('|') })
}

const bare = (name: string, shell: Shell): Parser =>
  new Parser(name)
    .helpOption('-h, --help', 'show this')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp(helpLayout)
    .configureOutput({
      writeOut: text => shell.out.write(text),
      writeErr: () => undefined,
      outputError: () => undefined,
      getOutHelpWidth: () => helpColumns(shell.out.columns()),
      getOutHasColors: () => false,
    })

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const plain = ({ message }: CommanderError): string =>
  message.replace(/^error: /, '').replace(/\s+\(Did you mean (.*)\?\)$/, ': did you mean $1?')

/**
 * Explains an error of the parser. If an argument is missing, adds its meaning. If the flag belongs
 * to another command, names that command.
 */
const explained = async (
  error: CommanderError,
  entries: readonly CommandEntry[],
  entry: CommandEntry,
  command: Command,
): Promise<UsageError> => {
  const message = plain(error)
  const [, missing] = /^missing required argument '([^']+)'/.exec(message) ?? []
  const argument = command.arguments?.find(({ name }) => name === missing)
  if (argument !== undefined) return new UsageError(`${argument.name} is missing: ${argument.means}`, entry.name)
  const [, flag] = /^unknown option '--([^'=]+)/.exec(message) ?? []
  if (flag === undefined) return new UsageError(message, entry.name)
  const owners: string[] = []
  for (const other of entries) {
    const { options } = await other.load()
    if (options.some(option => option.flag === flag)) owners.push(other.name)
  }
  return new UsageError(
    owners.length === 0 ? message : `--${flag} does nothing for ${entry.name}: it belongs to ${owners.join(', ')}`,
    entry.name,
  )
}
