import { expect, it } from 'vitest'
import { CachedHook } from '../../src/trigger/hook.ts'
import { hookAt } from '../support/hooks.ts'

it('compiles a hook when it is first needed, once for each version', () => {
  const hook = hookAt('web-up', 'web')
  const read: (string | symbol)[] = []
  const spec = new Proxy(hook.spec, {
    get: (target, member) => {
      read.push(member)
      return Reflect.get(target, member) as unknown
    },
  })
  const kept = new CachedHook({ ...hook, spec })
  const { generation, uid } = kept.parts
  expect({ generation, uid }).toEqual({ generation: hook.metadata.generation, uid: hook.metadata.uid })
  expect(read).not.toContain('scale')
  const { live } = kept
  expect(live).toMatchObject({ name: 'web-up', driver: 'scale' })
  expect(kept.live).toBe(live)
})

it('a hook that cannot be compiled is invalid, and ends no process', () => {
  const hook = hookAt('web-up', 'web')
  const spec = Object.defineProperty({ ...hook.spec }, 'limits', {
    enumerable: true,
    get: () => {
      throw new Error('a fault')
    },
  })
  const { live } = new CachedHook({ ...hook, spec })
  expect(live.bound).toEqual({ path: 'spec', message: 'does not compile: a fault' })
})
