import { afterEach, expect, test } from 'vitest'
import { tripwire } from './tripwire.ts'

let restore = (): void => {}
afterEach(() => restore())

const forbidden: readonly (readonly [string, () => unknown])[] = [
  ['Date.now', () => Date.now()],
  ['new Date()', () => new Date()],
  ['setTimeout', () => setTimeout(() => undefined, 1)],
  ['setInterval', () => setInterval(() => undefined, 1)],
  ['setImmediate', () => setImmediate(() => undefined)],
  ['Math.random', () => Math.random()],
  ['performance.now', () => performance.now()],
  ['AbortSignal.timeout', () => AbortSignal.timeout(1)],
  ['crypto.randomUUID', () => crypto.randomUUID()],
]

test.each(forbidden)('%s throws while a history runs, and works again after it', (_, use) => {
  const undo = tripwire()
  restore = undo
  expect(use).toThrow('while a history runs')
  undo()
  restore = () => {}
  expect(use).not.toThrow()
})

test('a moment can still be converted', () => {
  restore = tripwire()
  expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z')
  expect(Date.parse('1970-01-01T00:00:01Z')).toBe(1000)
})
