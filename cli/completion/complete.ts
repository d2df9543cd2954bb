import { stringAt } from '../../src/api/json.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { ResourceType } from '../../src/kube/paths.ts'
import { openCluster } from '../cluster/cluster.ts'
import { listObjects } from '../cluster/hooks.ts'
import type { Argument, Command, Completes, CommandEntry, ParsedLine, Option } from '../../src/commands/command.ts'
import type { Shell } from '../../src/commands/shell.ts'

/** A word that completion offers, with its meaning. */
export interface Offer {
  readonly word: string
  readonly means?: string
}

/**
 * What the shell does with the offers, in Cobra's numbers
 * (https://github.com/spf13/cobra/blob/main/completions.go). With 0 it offers file names if there
 * are no offers.
 */
export type Directive = 0 | 4

/** The directive with which the shell offers no file names. */
const noFiles: Directive = 4

export interface Completed {
  readonly offers: readonly Offer[]
  readonly directive: Directive
}

const nothing: Completed = { offers: [], directive: noFiles }

/**
 * Returns the words that can replace the last of `words`, which may be incomplete. `words` begins
 * after the program's name.
 */
export const complete = async (
  entries: readonly CommandEntry[],
  words: readonly string[],
  shell: Pick<Shell, 'env'>,
): Promise<Completed> => {
  const partial = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const [name] = before
  if (name === undefined) {
    const offers = entries.map(entry => ({ word: entry.name, means: entry.summary }))
    return beginning(partial, { offers, directive: noFiles })
  }
  const entry = entries.find(candidate => candidate.name === name || candidate.aliases?.includes(name) === true)
  if (entry === undefined) return nothing
  return beginning(partial, await ofCommand(await entry.load(), before.slice(1), partial, shell))
}

const ofCommand = async (
  command: Command,
  before: readonly string[],
  partial: string,
  shell: Pick<Shell, 'env'>,
): Promise<Completed> => {
  const read = readWords(command, before)
  if (read.open !== undefined) return await valuesOf(read.open, read.given, shell)
  const [, flag] = /^--([\w-]+)=/.exec(partial) ?? []
  const option = command.options.find(candidate => candidate.flag === flag)
  if (option !== undefined) {
    const { directive, offers } = await valuesOf(option, read.given, shell)
    return {
      directive,
      offers: offers.map(({ means, word }) => ({
        word: `--${option.flag}=${word}`,
        ...(means !== undefined && { means }),
      })),
    }
  }
  if (partial.startsWith('-')) {
    return { directive: noFiles, offers: command.options.map(({ flag, means }) => ({ word: `--${flag}`, means })) }
  }
  const argument = argumentAt(command.arguments ?? [], read.given.arguments.length)
  if (argument === undefined) return nothing
  const { directive, offers } = await valuesOf(argument, read.given, shell)
  const taken = new Set(read.given.arguments)
  return { directive, offers: offers.filter(({ word }) => !taken.has(word)) }
}

const argumentAt = (all: readonly Argument[], index: number): Argument | undefined => {
  const last = all.at(-1)
  return all[index] ?? (last?.many === true ? last : undefined)
}

interface Read {
  readonly given: ParsedLine
  /** The flag whose value is the word to complete. Undefined if that word is no value. */
  readonly open: Option<unknown> | undefined
}

/** Reads the words before the word to complete. Unknown flags are ignored. */
const readWords = ({ options }: Command, words: readonly string[]): Read => {
  const texts = new Map<string, string[]>()
  const found: string[] = []
  let open: Option<unknown> | undefined
  const add = (option: Option<unknown>, value: string): void =>
    void texts.set(option.flag, [...(texts.get(option.flag) ?? []), value])
  for (const word of words) {
    if (open !== undefined) {
      add(open, word)
      open = undefined
      continue
    }
    const [, long, short, value] = /^(?:--([\w-]+)|-(\w))(?:=(.*))?$/s.exec(word) ?? []
    const option = options.find(({ flag, short: letter }) => flag === long || (short !== undefined && letter === short))
    if (option === undefined) {
      if (!word.startsWith('-')) found.push(word)
    } else if (option.value === undefined || option.isOptional || value !== undefined) add(option, value ?? '')
    else open = option
  }
  return { open, given: { arguments: found, get: option => option.read(texts.get(option.flag) ?? []) } }
}

const valuesOf = async (
  what: { readonly choices?: readonly string[]; readonly completes?: Completes },
  given: ParsedLine,
  shell: Pick<Shell, 'env'>,
): Promise<Completed> => {
  if (what.choices !== undefined) return { directive: noFiles, offers: what.choices.map(word => ({ word })) }
  const { completes } = what
  if (completes === undefined) return nothing
  switch (completes) {
    case 'files':
      return { directive: 0, offers: [] }
    case 'contexts':
      return { directive: noFiles, offers: await contexts(shell) }
    case 'hooks':
      return { directive: noFiles, offers: await namesOf(given, shell, hooks) }
    case 'deployments':
      return { directive: noFiles, offers: await namesOf(given, shell, deployments) }
    case 'targets':
      return { directive: noFiles, offers: await targetsOf(given, shell) }
    case 'namespaces':
      return { directive: noFiles, offers: await namesOf(given, shell, namespaces) }
    case 'former keys':
      return { directive: noFiles, offers: given.arguments[0] === 'drop' ? await formerKeys(given, shell) : [] }
  }
}

const namespaces: ResourceType = { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace' }
const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/**
 * Returns the names of objects. After any error it returns none, because completion has no place
 * for a message.
 */
const namesOf = async (given: ParsedLine, shell: Pick<Shell, 'env'>, type: ResourceType): Promise<readonly Offer[]> => {
  try {
    const cluster = await openCluster(given, shell)
    const items = await listObjects(cluster, type, type === namespaces ? undefined : cluster.namespace)
    return items.map(({ metadata }) => ({ word: metadata.name }))
  } catch {
    return []
  }
}

/** Returns the objects that hooks are aimed at, as people write them: `deployment/web`. */
const targetsOf = async (given: ParsedLine, shell: Pick<Shell, 'env'>): Promise<readonly Offer[]> => {
  try {
    const cluster = await openCluster(given, shell)
    const found = await listObjects(cluster, hooks, cluster.namespace)
    const words = found.flatMap(object => {
      const [, kind, name] = /^([^/ ]+)\/([^ ]+)/.exec(stringAt(object, 'status', 'target') ?? '') ?? []
      return kind === undefined || name === undefined ? [] : [`${kind.toLowerCase()}/${name}`]
    })
    return [...new Set(words)].sort().map(word => ({ word }))
  } catch {
    return []
  }
}

/** Returns the ids of the keys that can be dropped: all but the first, which signs. */
const formerKeys = async (given: ParsedLine, shell: Pick<Shell, 'env'>): Promise<readonly Offer[]> => {
  try {
    const { kidsIn, readPublicKeys, systemNamespaceOption } = await import('../cluster/system.ts')
    const { jwks } = await readPublicKeys(await openCluster(given, shell), given.get(systemNamespaceOption))
    return kidsIn(jwks)
      .slice(1)
      .map(word => ({ word }))
  } catch {
    return []
  }
}

const contexts = async ({ env }: Pick<Shell, 'env'>): Promise<readonly Offer[]> => {
  try {
    const { contextNames } = await import('../cluster/access.ts')
    return (await contextNames(env)).map(word => ({ word }))
  } catch {
    return []
  }
}

const beginning = (partial: string, { directive, offers }: Completed): Completed => ({
  directive,
  offers: offers.filter(({ word }) => word.startsWith(partial)),
})

/** Returns the offers in Cobra's format, which kubectl reads from a plugin. */
export const printed = ({ directive, offers }: Completed): string =>
  `${offers.map(({ means, word }) => `${word}${means === undefined ? '' : `\t${means}`}\n`).join('')}:${directive}\n`
