import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { longParts } from '../long/parts.ts'

const page = readFileSync('CONTRIBUTING.md', 'utf8')
const code = [...page.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
const files = globSync('{src,test,scripts,bench}/**')

test('each file and folder that CONTRIBUTING names is there', () => {
  const named = code.filter(text => /^[\w./-]+(?:\.tsx?|\/)$/.test(text)).map(text => text.replace(/\/$/, ''))
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter(name => !files.some(file => file === name || file.endsWith(`/${name}`)))).toEqual([])
})

test('the map of CONTRIBUTING has each room of src', () => {
  const map = page.slice(page.indexOf('## The map'), page.indexOf('`test/` mirrors'))
  const rooms = globSync('src/*').map(path => path.slice('src/'.length))
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
