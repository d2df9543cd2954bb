import { expect, test } from 'vitest'
import { together } from '../../src/environment/wait.ts'

/** Returns a part that runs until it is stopped, and then ends once `end` is called. */
const part = () => {
  const ended = Promise.withResolvers<undefined>()
  let isStopped = false
  const run = async (stop: AbortSignal): Promise<void> => {
    await new Promise(resolve => stop.addEventListener('abort', resolve))
    isStopped = true
    await ended.promise
  }
  return { run, end: () => ended.resolve(undefined), isStopped: () => isStopped }
}

test('what runs together ends when it is stopped', async () => {
  const stop = new AbortController()
  const one = part()
  const running = together(stop.signal, [one.run, () => Promise.resolve()])
  one.end()
  expect(one.isStopped()).toBe(false)
  stop.abort()
  await running
  expect(one.isStopped()).toBe(true)
})

test('what fails stops all others, and its error comes once they have ended', async () => {
  const one = part()
  let isOver = false
  const running = together(new AbortController().signal, [one.run, () => Promise.reject(new Error('no more'))])
  const seen = running.catch((error: unknown) => error).finally(() => (isOver = true))
  await expect.poll(one.isStopped).toBe(true)
  expect(isOver).toBe(false)
  one.end()
  expect(await seen).toEqual(new Error('no more'))
})
