import { beforeEach, expect, it } from 'vitest'
import { forget, over, take } from '../../../src/dashboard/page/store.ts'
import type { StreamEvent } from '../../../src/dashboard/protocol.ts'

beforeEach(forget)

const takeAll = (...events: readonly StreamEvent[]): void => events.forEach(event => take(event, 0))
it.each(['forbidden', 'expired'] as const)('a stream that begins is not over, where the last one was %s', why => {
  takeAll({ type: 'hello', version: '1' }, { type: 'ended', why, message: 'bob cannot list' })
  expect(over.value).toEqual({ why, message: 'bob cannot list' })
  takeAll({ type: 'hello', version: '1' })
  expect(over.value).toBeUndefined()
})
