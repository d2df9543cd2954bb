import { describe, expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { WrittenHooks } from '../../src/controller/written.ts'
import { specDefaults } from '../support/hooks.ts'

const key = 'shop/web'

const version = (resourceVersion: string): ReceiverHook => ({
  metadata: {
    namespace: 'shop',
    name: 'web',
    uid: 'u',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    resourceVersion,
  },
  spec: {
    driver: 'scale',
    ...specDefaults,
  },
})

describe('what the controller wrote', () => {
  it('stands for a hook until the cache has it', () => {
    const written = new WrittenHooks()
    written.put(version('10'), version('9'))
    expect(written.newest(key, version('9'))).toEqual(version('10'))
    expect(written.seen(key, version('10'))).toBe(true)
    expect([written.newest(key, version('10')), written.size]).toEqual([version('10'), 0])
  })

  it.each([
    ['has it already', version('10')],
    ['has something newer', version('11')],
    ['has seen the hook deleted', undefined],
  ])('is not kept where the cache %s', (_case, cached) => {
    const written = new WrittenHooks()
    written.put(version('10'), cached)
    expect([written.newest(key, cached), written.size]).toEqual([cached, 0])
  })

  it('is forgotten when the hook is deleted', () => {
    const written = new WrittenHooks()
    written.put(version('10'), version('9'))
    written.seen(key, undefined)
    expect(written.size).toBe(0)
  })
})
