import type { KubeObject } from '../../api/object.ts'
import { group, hookKind } from '../../api/names.ts'
import { UsageError, type Option } from '../command.ts'

/** How objects are printed. */
export type Format = { readonly as: 'table'; readonly wide: boolean } | { readonly as: 'json' | 'yaml' | 'name' }

const words = ['wide', 'json', 'yaml', 'name'] as const

export const outputOption: Option<Format> = {
  flag: 'output',
  short: 'o',
  value: 'FORMAT',
  means: 'wide, json, yaml or name; json and yaml show everything, the URL too',
  choices: words,
  read: texts => formatOf(texts.at(-1)),
}

const formatOf = (text: string | undefined): Format => {
  if (text === undefined) return { as: 'table', wide: false }
  if (text === 'wide') return { as: 'table', wide: true }
  if (text === 'json' || text === 'yaml' || text === 'name') return { as: text }
  throw new UsageError(
    `--output must be one of ${words.join(', ')}, and is ${text}; for others use kubectl get receiverhooks`,
  )
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
