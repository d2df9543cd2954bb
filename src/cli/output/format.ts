import { parseJsonPath, type JsonPath } from '../../apiserver/jsonpath.ts'
import type { KubeObject } from '../../api/object.ts'
import { group, hookKind } from '../../api/names.ts'
import { UsageError, type Option } from '../command.ts'

/** How objects are printed. */
export type Format =
  | { readonly as: 'table'; readonly wide: boolean }
  | { readonly as: 'json' | 'yaml' | 'name' }
  | { readonly as: 'jsonpath'; readonly parts: readonly (string | JsonPath)[] }
  | { readonly as: 'columns'; readonly columns: readonly { readonly title: string; readonly path: JsonPath }[] }

const words = ['wide', 'json', 'yaml', 'name'] as const

export const outputOption: Option<Format> = {
  flag: 'output',
  short: 'o',
  value: 'FORMAT',
  means:
    'wide, json, yaml, name, jsonpath=TEMPLATE or custom-columns=TITLE:PATH,…; json and yaml show everything, the URL too',
  choices: words,
  read: texts => formatOf(texts.at(-1)),
}

const formatOf = (text: string | undefined): Format => {
  if (text === undefined) return { as: 'table', wide: false }
  if (text === 'wide') return { as: 'table', wide: true }
  if (text === 'json' || text === 'yaml' || text === 'name') return { as: text }
  const [, kind, expression = ''] = /^(jsonpath|custom-columns)=(.*)$/s.exec(text) ?? []
  if (kind === 'jsonpath') return { as: 'jsonpath', parts: template(expression) }
  if (kind === 'custom-columns') return { as: 'columns', columns: expression.split(',').map(column) }
  throw new UsageError(
    `--output must be ${words.join(', ')}, jsonpath=… or custom-columns=…, and is ${text}; for others use kubectl get receiverhooks`,
  )
}

const path = (text: string): JsonPath => {
  const found = parseJsonPath(text.startsWith('.') || text.startsWith('[') ? text : `.${text}`)
  if (found) return found
  throw new UsageError(
    `--output: ${text} is not understood: only names, [0], [*] and [?(@.a=="b")] are; for more use kubectl get receiverhooks`,
  )
}

/** `{.a.b}` between plain text; `{"\n"}` is a line feed. */
const template = (text: string): readonly (string | JsonPath)[] =>
  [...text.matchAll(/\{([^{}]*)\}|([^{}]+)/g)].map(([, inside, plain]) => {
    if (inside === undefined) return plain ?? ''
    const [, quoted] = /^\s*"(.*)"\s*$/s.exec(inside) ?? []
    return quoted === undefined
      ? path(inside.trim())
      : quoted.replaceAll(String.raw`\n`, '\n').replaceAll(String.raw`\t`, '\t')
  })

const column = (text: string): { title: string; path: JsonPath } => {
  const at = text.indexOf(':')
  if (at < 1) throw new UsageError(`--output: ${text} is no column: write TITLE:PATH`)
  return { title: text.slice(0, at), path: path(text.slice(at + 1)) }
}

/** One object or a list of them in a format that is no table. `many`: as a list, however many there are. */
export const printObjects = async (
  format: Exclude<Format, { as: 'table' }>,
  objects: readonly KubeObject[],
  many: boolean,
): Promise<string> => {
  const shownObjects = objects.map(withoutManagers)
  const whole = many ? { apiVersion: 'v1', kind: 'List', metadata: {}, items: shownObjects } : shownObjects[0]
  switch (format.as) {
    case 'json':
      return `${JSON.stringify(whole, undefined, 4)}\n`
    case 'yaml':
      return await yamlOf(whole)
    case 'name':
      return objects.map(object => `${nameOf(object)}\n`).join('')
    case 'jsonpath':
      return format.parts.map(part => (typeof part === 'string' ? part : part(whole).map(shown).join(' '))).join('')
    case 'columns':
      return [
        format.columns.map(({ title }) => title),
        ...objects.map(object => format.columns.map(({ path }) => path(object).map(shown).join(',') || '<none>')),
      ]
        .map((row, _, all) => padded(row, all))
        .join('')
  }
}

/** kubectl leaves them out as well: they are longer than all the rest. */
const withoutManagers = (object: KubeObject): KubeObject => {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** `-o yaml`, and what `create --dry-run` prints. */
export const yamlOf = async (value: unknown): Promise<string> => {
  const { dump } = await import('js-yaml/browser')
  return dump(value, { lineWidth: -1, noRefs: true })
}

/** As `kubectl get -o name` writes it: kubectl takes it back. */
export const nameOf = ({ kind = hookKind, metadata }: KubeObject): string =>
  `${kind.toLowerCase()}.${group}/${metadata.name}`

/** {@link nameOf}, with the namespace behind it where that is not `namespace`. */
export const nameIn = (object: KubeObject, namespace: string): string =>
  object.metadata.namespace === namespace ? nameOf(object) : `${nameOf(object)} in ${object.metadata.namespace}`

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const padded = (row: readonly string[], all: readonly (readonly string[])[]): string =>
  `${row
    .map((text, index) => text.padEnd(Math.max(...all.map(other => other[index]?.length ?? 0))))
    .join('   ')
    .trimEnd()}\n`
