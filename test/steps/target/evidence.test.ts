import { expect, it } from 'vitest'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { findEvidence } from '../../../src/steps/target/evidence.ts'
import { noApi } from '../../support/environment.ts'
import { deployment } from '../../support/objects.ts'
import { answer } from '../../support/scripted-connection.ts'
import { deploymentTarget } from '../../support/targets.ts'

it('a claim from a version that is no number costs one read, and its outcome cannot be known', async () => {
  let asked = 0
  const { metadata, ...rest } = deployment('web', 3)
  const item = { ...rest, metadata: { ...metadata, uid: 'u', resourceVersion: '9' } }
  const api: ApiConnection = {
    ...noApi,
    request: () => {
      asked += 1
      return Promise.resolve(answer(200, { metadata: { resourceVersion: '12' }, items: [item] }))
    },
  }
  const sought = { mark: 'rhook.a.1', from: { uid: 'u', resourceVersion: 'opaque' } }
  expect(await findEvidence(api, deploymentTarget('web'), sought)).toEqual({ evidence: 'history gone', owners: [] })
  expect(asked).toBe(1)
})
