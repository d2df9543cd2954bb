import { expect, it } from 'vitest'
import { wait } from '../../src/environment/wait.ts'
import { world } from './world.ts'

const second = 1000
const minute = 60 * second

it('two processes end the leases of many hooks with few requests, and note each end at once', async () => {
  const here = world()
  const { clock, requests } = here
  const [one, two] = [here.start(), here.start()]
  const names = Array.from({ length: 200 }, (_, index) => `hook-${index}`)
  for (const name of names) {
    here.makeTarget(name, 4)
    await here.posted(one, { hook: name, target: name, forMs: 60 * minute })
  }
  await clock.advance(20 * second)
  const due = clock.now() + 5 * second
  for (const process of [one, two]) for (const name of names) process.endBefore(due, name)
  await clock.advance(4 * second)
  requests.length = 0
  const open = new Map<string, number>()
  const notedAfter: number[] = []
  here.gate.before = async ({ method, path }) => {
    await wait(clock, 20)
    const name = /hook-\d+/.exec(path)?.[0] ?? ''
    if (method === 'PATCH') open.set(name, clock.now())
    const ended = open.get(name)
    if (method !== 'PUT' || ended === undefined) return
    notedAfter.push(clock.now() - ended)
    open.delete(name)
  }
  await clock.advance(minute)
  expect(names.map(name => here.replicas(name))).toEqual(names.map(() => 4))
  expect(requests.filter(request => request.startsWith('PATCH')).length).toBe(names.length)
  const made = requests.filter(request => !request.startsWith('WATCH'))
  expect(notedAfter).toHaveLength(names.length)
  expect(Math.max(...notedAfter)).toBeLessThan(second)
  expect(made.length / names.length).toBeLessThan(8)
})

it('an end that was late is late no more with its note, and not with a write after it that wakes other processes', async () => {
  const here = world()
  const { clock } = here
  const one = here.start()
  here.start()
  await here.posted(one, { forMs: 15 * minute })
  await clock.advance(5 * minute)
  await here.posted(one, { forMs: 15 * minute, target: 'api' })
  await clock.advance(minute)
  here.refusing.add('web')
  await clock.advance(13 * minute)
  expect(here.memory()?.overdue).toBeDefined()
  here.refusing.clear()
  here.requests.length = 0
  await clock.advance(20 * minute)
  expect(here.replicas()).toBe(4)
  // The note of the first, whose claim is there already, and claim and note of the second.
  expect(here.requests.filter(request => request.startsWith('PUT'))).toHaveLength(3)
})
