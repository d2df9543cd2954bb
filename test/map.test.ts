import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** The map: a room may import from the rooms in rows above its own, and from itself. */
const rows = [
  ['environment'],
  ['api', 'token', 'kube'],
  ['steps', 'operations'],
  ['senders', 'drivers'],
  ['controller', 'trigger', 'apiserver'],
  ['cli', 'dashboard', 'playground'],
  ['config.ts', 'roles.ts', 'version.ts', 'main.ts'],
]
/** Inside the second row, what a resource is comes first: tokens speak of hooks, requests carry objects. */
const also = new Set(['token > api', 'kube > api', 'config.ts > version.ts'])

const row = (room: string): number => rows.findIndex(rooms => rooms.includes(room))
const roomOf = (path: string): string => path.split('/')[0] ?? path

const imports = globSync('src/**/*.ts').flatMap(file =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, path = '']) => ({
    from: file.slice('src/'.length),
    to: normalize(join(dirname(file), path)).slice('src/'.length),
  })),
)

const allowed = (from: string, to: string): boolean =>
  from === to || also.has(`${from} > ${to}`) || (row(to) >= 0 && (row(to) < row(from) || row(from) === rows.length - 1))

test('there is something to check', () => {
  expect(imports.length).toBeGreaterThan(50)
})

test('every room is on the map', () => {
  expect(
    globSync('src/*')
      .map(path => path.slice('src/'.length))
      .filter(room => row(room) < 0),
  ).toEqual([])
})

test('imports run one way', () => {
  expect(imports.filter(({ from, to }) => !allowed(roomOf(from), roomOf(to)))).toEqual([])
})
