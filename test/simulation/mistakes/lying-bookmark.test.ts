import { vi } from 'vitest'
import type { OpenWatch, WatchEvent } from '../../../src/kube/watch.ts'
import { isFound } from './mistake.ts'

/** How long after a line of its watch a process takes what it has for current, in milliseconds. */
const trustedMs = 75_000

// A bookmark is taken for proof that the watch is current, also one whose version does not move.
vi.mock(import('../../../src/kube/watch.ts'), async original => {
  const real = await original()
  return {
    ...real,
    openWatch: (environment, ...given): OpenWatch => {
      const watch = real.openWatch(environment, ...given)
      let heardAt = -Infinity
      const events = async function* (): AsyncGenerator<WatchEvent, void, undefined> {
        for await (const event of watch.events) {
          heardAt = environment.clock.monotonic()
          yield event
        }
      }
      const isTrusted = (): boolean => environment.clock.monotonic() - heardAt < trustedMs
      return {
        ...watch,
        events: events(),
        ask: request => (isTrusted() ? Promise.resolve({ status: 200, headers: {}, body: '' }) : watch.ask(request)),
      }
    },
  }
})

isFound(import.meta.url)
