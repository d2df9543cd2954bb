import { globSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { at, stringAt } from '../../src/api/json.ts'

export const base = 'deploy/kustomize/base'
/** What only an administrator may create. */
export const clusterWide = 'deploy/kustomize/cluster'
/** What runs, with its rights in its own namespace. */
export const workloads = 'deploy/kustomize/workloads'
export const secretsComponent = 'deploy/kustomize/components/secrets'
/** Gives the trigger its rights to targets in one namespace. */
export const targetsComponent = 'deploy/kustomize/components/targets'
/** Takes them away everywhere. */
export const byNamespaceComponent = 'deploy/kustomize/components/by-namespace'
export const authComponent = 'deploy/kustomize/components/auth'

/** One object of a file, as it stands there. */
export interface Manifest {
  readonly file: string
  readonly object: unknown
}

/** Returns the objects in the YAML files of a folder. Throws what the parser finds wrong. */
export const manifestsIn = (folder: string): readonly Manifest[] =>
  globSync('*.yaml', { cwd: folder }).flatMap(file =>
    objectsIn(readFileSync(`${folder}/${file}`, 'utf8')).map(object => ({ file, object })),
  )

/** Returns the objects that the base is put together from, but for the CRDs. */
export const manifestsOfBase = (): readonly Manifest[] =>
  [clusterWide, workloads, base].flatMap(manifestsIn).filter(({ file }) => file !== 'kustomization.yaml')

/** The objects of documents that were parsed before. Most of those of the chart are the same with all values. */
const parsed = new Map<string, readonly unknown[]>()

/** Returns the objects of a YAML stream. */
export const objectsIn = (yaml: string): readonly unknown[] =>
  yaml.split(/^(?=---$)/m).flatMap(text => {
    const objects = parsed.get(text) ?? parse(text)
    parsed.set(text, objects)
    return structuredClone(objects)
  })

const parse = (yaml: string): readonly unknown[] =>
  parseAllDocuments(yaml).map(document => {
    const [error] = document.errors
    if (error) throw error
    const object: unknown = document.toJS()
    return object
  })

export const kindOf = (object: unknown): string => stringAt(object, 'kind') ?? ''
export const nameOf = (object: unknown): string => stringAt(object, 'metadata', 'name') ?? ''

/** Returns the list at a path; empty where there is none. */
export const listAt = (object: unknown, ...path: readonly string[]): readonly unknown[] => {
  const list = at(object, ...path)
  return Array.isArray(list) ? list.map((item: unknown) => item) : []
}

/** Returns the strings of the list at a path. */
export const stringsAt = (object: unknown, ...path: readonly string[]): readonly string[] =>
  listAt(object, ...path).filter(item => typeof item === 'string')

/** Returns the text of a Markdown page, or of one section with all below it: `docs/tutorial.md#3-let-the-customers-come`. */
export const textOf = (page: string): string => {
  const [path = '', anchor] = page.split('#')
  const text = readFileSync(path, 'utf8')
  if (anchor === undefined) return text
  // A line of a block that begins with a number sign is no heading.
  const outside = text.replaceAll(/^ *```[^]*?^ *```$/gm, block => block.replaceAll(/^#/gm, '-'))
  const headings = [...outside.matchAll(/^(#+) (.+)$/gm)]
  const at = headings.findIndex(([, , title = '']) => anchorOf(title) === anchor)
  const [, { length: level } = ''] = headings[at] ?? []
  if (level === 0) throw new Error(`${path} has no heading ${anchor}`)
  const next = headings.slice(at + 1).find(([, { length } = '']) => length <= level)
  return text.slice(headings[at]?.index, next?.index)
}

/** Returns the anchor of a heading, as forges make it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

/** Returns the blocks of a language in a page or in a section, without their fences, and without the indent of those in a list. */
export const blocksIn = (page: string, language: string): readonly string[] =>
  [...textOf(page).matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].flatMap(([, indent = '', of, block = '']) =>
    of === language ? [block.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] : [],
  )

/** Returns the block of a language in a page or in a section that has these words. Throws where there is none. */
export const blockWith = (page: string, language: string, words: string): string => {
  const found = blocksIn(page, language).find(block => block.includes(words))
  if (found === undefined) throw new Error(`${page} has no ${language} with ${words}`)
  return found
}
