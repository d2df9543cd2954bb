import { expect, it } from 'vitest'
import { KeptHook } from '../../src/trigger/hook.ts'
import { hookAt } from '../support/hooks.ts'

it('compiles a hook when it is first needed, once for each version', () => {
  const hook = hookAt('web-up', 'web')
  let reads = 0
  const spec = new Proxy(hook.spec, {
    get: (target, member) => {
      reads += 1
      return Reflect.get(target, member)
    },
  })
  const kept = new KeptHook({ ...hook, spec })
  const { generation, uid } = kept
  expect({ generation, uid, reads }).toEqual({ generation: hook.metadata.generation, uid: hook.metadata.uid, reads: 0 })
  const { live } = kept
  expect(live).toMatchObject({ name: 'web-up', driver: 'scale' })
  expect(kept.live).toBe(live)
})
