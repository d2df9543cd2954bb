import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { cluster } from '../support/product.ts'
import { applyAs } from '../support/apply.ts'

// The in-memory API server keeps no owners of a custom resource's fields, so it can't remove what an applier leaves out.
it('an applier who leaves out the kind of the target again has the default', async () => {
  const here = await cluster()
  const hook = (target: object): object => ({
    apiVersion,
    kind: hookKind,
    metadata: { name: 'web-up' },
    spec: { driver: 'scale', scale: { target, action: 'up', max: 9 } },
  })
  const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web', count: 'max' }
  expect(await applyAs(here, 'flux', hook(autoscaler))).toEqual([201, ''])
  expect(await applyAs(here, 'flux', hook({ name: 'api' }))).toEqual([200, ''])
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }
  expect(at(await here.hook('web-up'), 'spec', 'scale', 'target')).toEqual(target)
})
