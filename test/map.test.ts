import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { codeFolders, codeIn, productFolders } from '../scripts/count/source.ts'

/**
 * The map: a room may import from the rooms in rows above its own, and from itself. `src/` is what runs in the operator's pods: of what
 * stands next to it, it imports nothing but in its last row.
 */
const rows = [
  ['src/environment', 'src/version.ts'],
  ['src/api', 'src/expressions', 'src/token', 'src/kube'],
  ['src/record'],
  ['src/steps', 'src/acts', 'src/operations'],
  ['src/senders', 'src/drivers', 'src/leases'],
  ['src/controller', 'src/trigger'],
  ['src/roles.ts'],
  ['src/commands'],
  ['cli'],
  ['dashboard'],
  ['apiserver', 'deploy/examples'],
  ['src/registry.ts', 'src/main.ts', 'src/plugin.ts'],
]
/** Inside the second row, what a resource is comes first: tokens and expressions speak of hooks, requests carry objects. */
const also = new Set(['src/token > src/api', 'src/kube > src/api', 'src/expressions > src/api'])

const row = (room: string): number => rows.findIndex(rooms => rooms.includes(room))
const roomOf = (path: string): string => /^(?:(?:src|deploy)\/[^/]+|[^/]+)/.exec(path)?.[0] ?? path

const imports = codeIn(productFolders).flatMap(file =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, path = '']) => ({
    from: file,
    to: normalize(join(dirname(file), path)),
  })),
)

const allowed = (from: string, to: string): boolean =>
  from === to || also.has(`${from} > ${to}`) || (row(to) >= 0 && (row(to) < row(from) || row(from) === rows.length - 1))

test('there is something to check', () => {
  expect(imports.length).toBeGreaterThan(50)
})

test('every room is on the map', () => {
  expect(globSync(['src/*', ...productFolders.slice(1)]).filter(room => row(room) < 0)).toEqual([])
})

test('no file or folder has a name that says nothing of what is in it', () => {
  const vague = /^(?:utils?|helpers?|common|misc|shared|manager|lib)(?:\.[a-z]+)?$/
  expect(globSync(codeFolders.map(folder => `${folder}/**`)).filter(path => vague.test(basename(path)))).toEqual([])
})

test('imports run one way', () => {
  expect(imports.filter(({ from, to }) => !allowed(roomOf(from), roomOf(to)))).toEqual([])
})

/** Returns whether a file is in a folder, or in a folder of it. */
const isIn = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)

/** Returns all files that a file leads to, by its imports and theirs. */
const reached = (from: string): ReadonlySet<string> => {
  const found = new Set([from])
  for (const path of found) for (const to of importsOf.get(path) ?? []) found.add(to)
  return found
}
const importsOf = new Map(
  [...Map.groupBy(imports, ({ from }) => from)].map(([from, all]) => [from, all.map(({ to }) => to)]),
)

test('what a folder imports from outside of it never leads back into it', () => {
  const folders = [...new Set(imports.map(({ from }) => dirname(from)))].filter(folder => folder !== 'src')
  const back = folders.flatMap(folder =>
    imports
      .filter(({ from, to }) => isIn(from, folder) && !isIn(to, folder))
      .filter(({ to }) => [...reached(to)].some(path => isIn(path, folder))),
  )
  expect(back).toEqual([])
})

test('folders next to each other import one way', () => {
  const ways = new Set(imports.map(({ from, to }) => `${dirname(from)} > ${dirname(to)}`))
  const pairs = [...ways].filter(way => {
    const [from = '', to = ''] = way.split(' > ')
    return from < to && !isIn(to, from) && to !== 'src' && ways.has(`${to} > ${from}`)
  })
  expect(pairs).toEqual([])
})

/** What of the rooms above the dashboard's page may import: nothing that acts, and nothing that needs Node. */
const ofPage =
  /^(?:dashboard\/(?:page\/.*|protocol\.ts)|cli\/snippets\/.*|src\/(?:api\/.*|drivers\/schemas\.ts|steps\/arithmetic\.ts))$/

test('page and server of the dashboard meet in what they say to each other alone', () => {
  const strays = imports.filter(({ from, to }) =>
    from.startsWith('dashboard/page/')
      ? !ofPage.test(to)
      : from.startsWith('dashboard/') && to.startsWith('dashboard/page/'),
  )
  expect(strays).toEqual([])
})
