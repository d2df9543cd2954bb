import type { KubeObject } from '../../src/api/object.ts'
import { group, hookKind } from '../../src/api/names.ts'
import { UsageError, type Option } from '../../src/commands/command.ts'

/** The format in which objects are printed. `wide` adds columns to the table. */
export type Format = { readonly as: 'table'; readonly wide: boolean } | { readonly as: 'json' | 'yaml' | 'name' }

const words = ['wide', 'json', 'yaml', 'name'] as const

export const outputOption: Option<Format> = {
  flag: 'output',
  short: 'o',
  value: 'FORMAT',
  means: 'wide, json, yaml or name; json and yaml show everything, including the URL',
  choices: words,
  read: texts => formatOf(texts.at(-1)),
}

const formatOf = (text: string | undefined): Format => {
  if (text === undefined) return { as: 'table', wide: false }
  if (text === 'wide') return { as: 'table', wide: true }
  if (text === 'json' || text === 'yaml' || text === 'name') return { as: text }
  throw new UsageError(
    `--output must be one of ${words.join(', ')}, not ${text}; for others use kubectl get receiverhooks`,
  )
}

/**
 * Prints objects in a format other than a table. `name` prints the names of all objects. As JSON or
 * YAML, it prints a list if `many` is true, even for a single object, and otherwise the first
 * object.
 */
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
  }
}

/** Returns an object without `managedFields`, which kubectl omits too because they are long. */
const withoutManagers = (object: KubeObject): KubeObject => {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** Returns YAML, for `-o yaml` and `create --dry-run`. */
export const yamlOf = async (value: unknown): Promise<string> => {
  const { dump } = await import('js-yaml/browser')
  return dump(value, { lineWidth: -1, noRefs: true })
}

/** Returns an object's name like `kubectl get -o name`, which kubectl accepts as input. */
export const nameOf = ({ kind = hookKind, metadata }: KubeObject): string =>
  `${kind.toLowerCase()}.${group}/${metadata.name}`

/** Returns {@link nameOf}, followed by the namespace if it is not `namespace`. */
export const nameIn = (object: KubeObject, namespace: string): string =>
  object.metadata.namespace === namespace ? nameOf(object) : `${nameOf(object)} in ${object.metadata.namespace}`
