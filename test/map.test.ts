import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** The map: a room may import from the rooms in rows above its own, and from itself. */
const rows = [
  ['environment'],
  ['api', 'expressions', 'token', 'kube'],
  ['record'],
  ['steps', 'acts', 'operations'],
  ['senders', 'drivers', 'snippets'],
  ['controller', 'trigger', 'apiserver'],
  ['cli', 'dashboard', 'playground', 'sample'],
  ['commands', 'roles.ts', 'version.ts', 'start.ts', 'main.ts', 'plugin.ts'],
]
/** Inside the second row, what a resource is comes first: tokens and expressions speak of hooks, requests carry objects. */
const also = new Set(['token > api', 'kube > api', 'expressions > api'])

const row = (room: string): number => rows.findIndex(rooms => rooms.includes(room))
const roomOf = (path: string): string => path.split('/')[0] ?? path

const imports = globSync('src/**/*.{ts,tsx}').flatMap(file =>
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
      .filter(room => row(room) < 0 && !room.endsWith('.json')),
  ).toEqual([])
})

test('no file or folder has a name that says nothing of what is in it', () => {
  const vague = /^(?:utils?|helpers?|common|misc|shared|manager|lib)(?:\.[a-z]+)?$/
  expect(globSync('{src,test}/**').filter(path => vague.test(basename(path)))).toEqual([])
})

test('imports run one way', () => {
  expect(imports.filter(({ from, to }) => !allowed(roomOf(from), roomOf(to)))).toEqual([])
})

/**
 * Pairs of folders that import each other. They are to be taken apart: what both need moves down, to where it belongs. No further
 * pair is added.
 */
const knots = [
  'cli <> cli/cluster',
  'cli <> cli/commands',
  'cli <> cli/completion',
  'cli <> cli/output',
  'dashboard <> dashboard/server',
  'dashboard/page <> dashboard/page/form',
  'dashboard/page <> dashboard/page/hook',
  'dashboard/page <> dashboard/page/list',
  'dashboard/page <> dashboard/page/parts',
  'dashboard/page/hook <> dashboard/page/parts',
  'dashboard/page/list <> dashboard/page/parts',
  'dashboard/server <> dashboard/server/handlers',
  'trigger <> trigger/http',
  'trigger <> trigger/reading',
]

/** The lists of all drivers: they import what they list, and nothing that a driver imports imports them. */
const lists = new Set(['drivers/registry.ts', 'drivers/schemas.ts'])

test('inside of a room, too, folders import one way', () => {
  const ways = new Set(
    imports
      .filter(({ from }) => !lists.has(from))
      .map(({ from, to }) => [dirname(from), dirname(to)] as const)
      .filter(([from, to]) => from !== to && from !== '.' && to !== '.')
      .map(([from, to]) => `${from} > ${to}`),
  )
  const pairs = [...ways].flatMap(way => {
    const [from = '', to = ''] = way.split(' > ')
    return from < to && ways.has(`${to} > ${from}`) ? [`${from} <> ${to}`] : []
  })
  expect(pairs.toSorted()).toEqual(knots)
  const backwards = imports.filter(({ from, to }) => lists.has(to) && /^drivers\/[^/]+\//.test(from))
  expect(backwards).toEqual([])
})

/** What of the rooms above the dashboard's page may import: nothing that acts, and nothing that needs Node. */
const ofPage = /^(?:dashboard\/(?:page\/.*|protocol\.ts)|api\/.*|snippets\/.*|drivers\/(?:schemas|arithmetic)\.ts)$/

test('page and server of the dashboard meet in what they say to each other alone', () => {
  const strays = imports.filter(({ from, to }) =>
    from.startsWith('dashboard/page/')
      ? !ofPage.test(to)
      : from.startsWith('dashboard/') && to.startsWith('dashboard/page/'),
  )
  expect(strays).toEqual([])
})
