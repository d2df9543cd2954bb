import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { codeFolders } from '../../scripts/count/source.ts'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { reasons } from '../../src/api/reasons.ts'
import { longParts } from '../long/parts.ts'

const page = readFileSync('CONTRIBUTING.md', 'utf8')
const code = [...page.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
/** The rooms: what is directly in src, and the products next to it. */
const rooms = [...globSync('src/*').map(path => path.slice('src/'.length)), 'cli', 'dashboard', 'apiserver']
const files = globSync(codeFolders.map(folder => `${folder}/**`))

test('each file and folder that CONTRIBUTING names is there', () => {
  const named = code.filter(text => /^[\w./-]+(?:\.tsx?|\/)$/.test(text)).map(text => text.replace(/\/$/, ''))
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter(name => !files.some(file => file === name || file.endsWith(`/${name}`)))).toEqual([])
})

test('the map of CONTRIBUTING has each room', () => {
  const map = page.slice(page.indexOf('## The map'), page.indexOf('This picture shows the same rooms.'))
  expect(rooms.filter(room => !map.includes(`\`${room}\``) && !map.includes(`\`${room}/\``))).toEqual([])
})

test('each command of CONTRIBUTING is a script of package.json', () => {
  const scripts = at(parseJson(readFileSync('package.json', 'utf8')), 'scripts')
  const commands = code.flatMap(text => /^npm run ([\w:]+)/.exec(text)?.[1] ?? [])
  expect(commands.length).toBeGreaterThan(10)
  expect(commands.filter(command => stringAt(scripts, command) === undefined)).toEqual([])
})

test('each part of the long tests that CONTRIBUTING names is one', () => {
  const table = page.slice(page.indexOf('| you change | run |'), page.indexOf('With `CI` set'))
  const named = table
    .split('\n')
    .flatMap(line => [...(line.split('|')[2] ?? '').matchAll(/`([\w-]+)[^`]*`/g)].map(([, part = '']) => part))
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter(part => !longParts.some(({ name }) => name === part))).toEqual([])
})

test('the row on a new driver names each member that a driver must have', () => {
  const row = page.split('\n').find(line => line.startsWith('| a new driver:')) ?? ''
  const membersOf = (path: string, name: string): readonly string[] => {
    const body = new RegExp(`interface ${name}<.*?\\n}`, 's').exec(readFileSync(path, 'utf8'))?.[0] ?? ''
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, member = '']) => member)
  }
  const members = [
    ...membersOf('src/drivers/declaration.ts', 'Declaration'),
    ...membersOf('src/drivers/driver.ts', 'Doing'),
  ]
  expect(members.length).toBeGreaterThan(12)
  expect(members.filter(member => !row.includes(`\`${member}\``))).toEqual([])
})

test('the file that CONTRIBUTING names for the number of a step exports it', () => {
  const row = page.split('\n').find(line => line.startsWith('| the number of a step')) ?? ''
  const [path = '', ...names] = [...row.matchAll(/`([\w./-]+)`/g)].map(([, text = '']) => text)
  const source = readFileSync(path, 'utf8')
  expect(names.slice(0, 2).filter(name => !source.includes(`export const ${name} =`))).toEqual([])
})

/** Returns the text of a picture, by its name behind the back-ticks. */
const picture = (name: string): string => new RegExp(`\\n\`\`\`${name}\\n(.*?)\\n\`\`\`\\n`, 's').exec(page)?.[1] ?? ''

test('the picture of the rooms has each room', () => {
  const drawn = new Set(picture('rooms').match(/[a-z]+(?:\.ts)?/g))
  expect(rooms.filter(room => !drawn.has(room) && !room.endsWith('.json'))).toEqual([])
  const lines = picture('rooms').split('\n')
  expect(lines.filter(line => line.length > 100)).toEqual([])
})

test('the picture of a delivery names files that are there, and reasons that are answered', () => {
  const drawn = picture('delivery')
  const named = [...drawn.matchAll(/[\w/-]+\.ts/g)].map(([file]) => file)
  expect(named.length).toBeGreaterThan(15)
  const endingWith = (name: string) => files.filter(file => file.startsWith('src/') && file.endsWith(`/${name}`))
  expect(named.filter(name => endingWith(name).length === 0)).toEqual([])
  // A step's own file is named so that there is one alone.
  const steps = [...drawn.matchAll(/^ ([\w/-]+\.ts)/gm)].map(([, file = '']) => file)
  expect(steps.filter(name => endingWith(name).length !== 1)).toEqual([])
  const answered = [...drawn.matchAll(/▶ ([A-Z][\w, ]*)$/gm)].flatMap(([, list = '']) => list.split(', '))
  expect(answered.length).toBeGreaterThan(15)
  expect(answered.filter(reason => !Object.keys(reasons).includes(reason))).toEqual([])
})
