import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
// The browser's build is the same parser, without what a person would read: half of what there is to load.
import { load } from 'js-yaml/browser'
import { at, isObject, stringAt, tryParseJson, type JsonObject } from '../../api/json.ts'
import { CommandFailure } from '../failure.ts'

/** Kubeconfigs joined as kubectl joins them: of two entries of one name the first counts, and the first current context. */
export interface Kubeconfig {
  readonly contexts: readonly KubeconfigEntry[]
  readonly clusters: readonly KubeconfigEntry[]
  readonly users: readonly KubeconfigEntry[]
  readonly current: string | undefined
  /** The files that it was read from, for messages. */
  readonly from: string
}

export interface KubeconfigEntry {
  readonly name: string
  readonly value: JsonObject
}

/** Reads and joins files. One that is missing is passed over, as kubectl does, unless it is the only one. */
export const readKubeconfigs = (files: readonly string[]): Kubeconfig => {
  const parts = files.flatMap(file => {
    const text = textOf(file, files.length === 1)
    return text === undefined ? [] : [partOf(text, file)]
  })
  const joined = (kind: 'contexts' | 'clusters' | 'users'): KubeconfigEntry[] => {
    const names = new Set<string>()
    return parts.flatMap(part => part[kind]).filter(({ name }) => !names.has(name) && names.add(name))
  }
  return {
    contexts: joined('contexts'),
    clusters: joined('clusters'),
    users: joined('users'),
    current: parts.map(({ current }) => current).find(name => name !== undefined && name !== ''),
    from: files.join(', '),
  }
}

const textOf = (file: string, needed: boolean): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const missing = isObject(error) || (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    if (missing && !needed) return undefined
    const why = missing ? 'there is no such file' : 'it cannot be read'
    throw new CommandFailure(`kubeconfig ${file}: ${why}; name another with --kubeconfig or KUBECONFIG`, 1)
  }
}

type Part = Omit<Kubeconfig, 'from'>

const partOf = (text: string, file: string): Part => {
  const config = tryParseJson(text) ?? parsedYaml(text, file)
  return {
    contexts: entriesOf(config, 'context'),
    clusters: entriesOf(config, 'cluster').map(entry => withPaths(entry, file, ['certificate-authority'])),
    users: entriesOf(config, 'user').map(entry =>
      withPaths(entry, file, ['client-certificate', 'client-key', 'tokenFile']),
    ),
    current: stringAt(config, 'current-context'),
  }
}

/** A parser's message may show a line of the file, and a token may stand in it: it is kept back. */
const parsedYaml = (text: string, file: string): unknown => {
  try {
    return load(text)
  } catch {
    throw new CommandFailure(`kubeconfig ${file}: it is not YAML; see kubectl config view --kubeconfig ${file}`, 1)
  }
}

const entriesOf = (config: unknown, kind: string): KubeconfigEntry[] => {
  const list: unknown = at(config, `${kind}s`)
  if (!Array.isArray(list)) return []
  return list.flatMap((entry: unknown) => {
    const [name, value] = [stringAt(entry, 'name'), at(entry, kind)]
    return name === undefined ? [] : [{ name, value: isObject(value) ? value : {} }]
  })
}

/** Paths in a kubeconfig are relative to it. */
const withPaths = (entry: KubeconfigEntry, file: string, members: readonly string[]): KubeconfigEntry => {
  const moved = members.flatMap(member => {
    const path = stringAt(entry.value, member)
    return path === undefined || path === '' || isAbsolute(path) ? [] : [[member, join(dirname(file), path)] as const]
  })
  return { name: entry.name, value: { ...entry.value, ...Object.fromEntries(moved) } }
}
