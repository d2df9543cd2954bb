import { expect, it } from 'vitest'
import { tryParseJson } from '../../../src/api/json.ts'
import type { ApiRequest } from '../../../src/environment/environment.ts'
import { answer, scriptedConnection } from '../../support/scripted-connection.ts'
import { startServed } from './served.ts'

const user = { status: { userInfo: { username: 'alice', groups: [] } } }
const configMap = (annotations: object) => ({
  metadata: { name: 'receiver-hooks-public-keys', uid: 'u1', resourceVersion: '7', annotations },
})

/** Opens a dashboard as a user. `respond` answers for the API server. */
const openFor = async (respond: (request: ApiRequest) => ReturnType<typeof answer>) => {
  const asked: ApiRequest[] = []
  const { open } = await startServed({
    signIn: 'key',
    connectAs: () => ({
      ...scriptedConnection(request => {
        if (request.path.endsWith('selfsubjectreviews')) return answer(201, user)
        asked.push(request)
        return respond(request)
      }),
      close: () => Promise.resolve(),
    }),
  })
  return { alice: await open(), asked }
}

it('somebody who may not read the stop is shown none', async () => {
  const { alice } = await openFor(() => answer(403, { reason: 'Forbidden', message: 'alice cannot get configmaps' }))
  expect((await alice.get('/api/stop')).body).toEqual({ namespace: 'receiver-hooks' })
  expect(await alice.write('POST', '/api/stop', { reason: 'drill' })).toMatchObject({
    status: 403,
    body: { message: 'alice cannot get configmaps' },
  })
})

it('a stop is written with its reason as the user, and without one it is refused', async () => {
  const { alice, asked } = await openFor(() => answer(200, configMap({})))
  expect(await alice.write('POST', '/api/stop', { reason: ' ' })).toMatchObject({ status: 400 })
  expect(await alice.write('POST', '/api/stop', { reason: 'x'.repeat(501) })).toMatchObject({ status: 400 })
  expect(asked).toEqual([])
  expect(await alice.write('POST', '/api/stop', { reason: 'drill', all: true })).toMatchObject({
    status: 200,
    body: { stop: { reason: 'drill', all: true } },
  })
  expect(asked[0]).toMatchObject({
    method: 'PATCH',
    path: '/api/v1/namespaces/receiver-hooks/configmaps/receiver-hooks-public-keys',
  })
  expect(tryParseJson(asked[0]?.body ?? '')).toMatchObject({
    metadata: { annotations: { 'receiverhooks.dev/stop': 'drill', 'receiverhooks.dev/stop-all': 'true' } },
  })
})
