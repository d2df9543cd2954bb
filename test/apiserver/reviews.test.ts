import { expect, it } from 'vitest'
import { parseJson } from '../../src/api/json.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { fakeClock } from '../support/clock.ts'
import { seededRandom } from '../support/random.ts'

const server = createApiServer({ clock: fakeClock(), random: seededRandom(1) })

it.each([
  ['/apis/authentication.k8s.io/v1/selfsubjectreviews', 'SelfSubjectReview', { userInfo: { username: 'playground' } }],
  ['/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'SelfSubjectAccessReview', { allowed: true }],
])('%s answers what kind it is asked for, and stores nothing', (path, kind, status) => {
  const body = JSON.stringify({
    kind,
    apiVersion: path.split('/').slice(2, 4).join('/'),
    spec: { resourceAttributes: { verb: 'get' } },
  })
  const { body: answered, status: code } = server.handle({
    method: 'POST',
    path,
    contentType: 'application/json',
    body,
  })
  expect(code).toBe(201)
  expect(parseJson(answered)).toMatchObject({ kind, status, spec: { resourceAttributes: { verb: 'get' } } })
  expect(server.handle({ method: 'GET', path }).status).toBe(404)
})
