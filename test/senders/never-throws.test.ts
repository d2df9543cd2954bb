import { expect, it } from 'vitest'
import { senders } from '../../src/senders/registry.ts'
import { fakeClock } from '../support/clock.ts'
import { runs } from '../support/runs.ts'
import { fc, property } from '../support/property.ts'
import { knownBodies } from './bodies.ts'
import { wrongWith } from './invariants.ts'
import { mutated, seededChance } from './mutations.ts'
import { verified } from './verified.ts'

/** Names that senders look for, so that what is generated gets further than the door. */
const words = fc.constantFrom(...new Set(knownBodies.flatMap(({ message }) => namesIn(message.json))))

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => [name, ...namesIn(inner)])
}

const json = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, 0, 1, '', '1', '4', 'firing', 'resolved', '2026-01-01T00:00:00Z'),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(words, tie('value'), { maxKeys: 8 }),
  ),
})).value

const headerNames = fc.constantFrom(...new Set(knownBodies.flatMap(({ message }) => Object.keys(message.headers))))
const headers = fc.dictionary(headerNames, fc.string())

property('no message makes a sender throw, or say what it may not', [headers, json], (given, body) => {
  expect(wrongWith({ headers: given, json: body })).toBeUndefined()
})

property(
  'nor does a known message with any other value in one place',
  [fc.nat(), fc.nat(), json],
  (which, seed, value) => {
    const known = knownBodies[which % knownBodies.length]
    const body: unknown = structuredClone(known?.message.json)
    const inner = typeof body === 'object' && body !== null ? body : {}
    const names = Object.keys(inner)
    Reflect.set(inner, names[seed % Math.max(1, names.length)] ?? 'a', value)
    expect(wrongWith({ headers: known?.message.headers ?? {}, json: inner })).toBeUndefined()
  },
)

it.each(senders.map(({ name }) => name))('nor do hundreds of damaged messages of %s', name => {
  const known = knownBodies.filter(({ sender }) => sender === name).map(({ message }) => message)
  const chance = seededChance(7)
  const wrong = Array.from({ length: runs(500) }, () => mutated(known, chance)).find(
    message => wrongWith(message) !== undefined,
  )
  expect(wrong && wrongWith(wrong)).toBeUndefined()
})

it('nor does the verification of damaged messages of SNS fail to give a verdict', async () => {
  const known = knownBodies.filter(({ sender }) => sender === 'sns').map(({ message }) => message)
  const chance = seededChance(11)
  const means = {
    clock: fakeClock(),
    certificates: { find: async () => ({ unavailable: 'nobody has one' }), proved: () => undefined },
  }
  const verdicts = await Promise.all(Array.from({ length: 2000 }, () => verified(mutated(known, chance), means)))
  const kinds = verdicts.map(verdict => (verdict === 'genuine' ? verdict : (Object.keys(verdict)[0] ?? '')))
  expect(new Set(kinds)).toEqual(new Set(['genuine', 'refused', 'unavailable']))
})

it.each([
  ['tags of Quay', () => ({ docker_url: 'quay.io/acme/web', updated_tags: hundredsOfThousands(index => `t${index}`) })],
  [
    'tags of an older Quay',
    () => ({
      docker_url: 'quay.io/acme/web',
      updated_tags: Object.fromEntries(hundredsOfThousands(index => [`t${index}`, ''])),
    }),
  ],
  [
    'events of a registry',
    () => ({
      events: hundredsOfThousands(id => ({
        id: `${id}`,
        action: 'push',
        target: { repository: 'acme/web', tag: 'a' },
      })),
    }),
  ],
])('nor do hundreds of thousands of %s', (_name, body) => {
  expect(wrongWith({ headers: {}, json: body() })).toBeUndefined()
})

function hundredsOfThousands<T>(make: (index: number) => T): readonly T[] {
  return Array.from({ length: 300_000 }, (_, index) => make(index))
}

it('nor do fifty thousand levels of nesting', () => {
  const deep: unknown = JSON.parse(`${'{"labels":'.repeat(50_000)}1${'}'.repeat(50_000)}`)
  for (const { message } of knownBodies) {
    const body = typeof message.json === 'object' && message.json !== null ? message.json : {}
    for (const member of Object.keys(body)) {
      expect(wrongWith({ ...message, json: { ...body, [member]: deep } })).toBeUndefined()
    }
    expect(wrongWith({ ...message, json: deep })).toBeUndefined()
  }
})
