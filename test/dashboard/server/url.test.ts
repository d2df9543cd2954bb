import { expect, it } from 'vitest'
import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { urlOf } from '../../../dashboard/server/handlers/use.ts'

const hook = {
  apiVersion,
  kind: hookKind,
  metadata: {
    name: 'web-up',
    namespace: 'shop',
    uid: 'uid-1',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {},
  status: { triggerURL: 'http://127.0.0.1:8080/v1/trigger/eyJ4.e30.c2ln', token: 'eyJ4.e30.c2ln' },
}

it('a URL from before a rotation is not given away while the new one is not published', async () => {
  const unused = (): never => {
    throw new Error('nothing must be asked')
  }
  const api = { request: unused, watch: unused }
  const rotated = (minted: number) => ({
    ...hook,
    spec: { token: { rotation: 2 } },
    status: { ...hook.status, minted: { id: 'one', rotation: minted } },
  })
  await expect(urlOf(api, rotated(1))).rejects.toMatchObject({
    status: 409,
    message: 'the controller has not published the new URL of web-up yet',
  })
  expect(await urlOf(api, rotated(2))).toMatchObject({ base: 'http://127.0.0.1:8080' })
})
