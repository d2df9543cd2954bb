import { expect, it } from 'vitest'
import { Examinations } from '../../../dashboard/server/bounded.ts'
import { examinations } from '../../../dashboard/server/limits.ts'
import type { ApiRequest } from '../../../src/environment/environment.ts'
import { answer, scriptedConnection } from '../../support/scripted-connection.ts'
import { startServed } from './served.ts'

const user = { status: { userInfo: { username: 'alice', groups: [] } } }

const openFor = async (respond: (request: ApiRequest) => ReturnType<typeof answer>) => {
  const { open } = await startServed({
    signIn: 'key',
    connectAs: () => ({
      ...scriptedConnection(request =>
        request.path.endsWith('selfsubjectreviews') ? answer(201, user) : respond(request),
      ),
      close: () => Promise.resolve(),
    }),
  })
  return await open()
}

const asking = { method: 'GET', path: '/', lane: 'bulk', timeoutMs: 1_000 } as const

it('a look that reads more than the dashboard has room for is refused, with the command that can', async () => {
  const half = { text: 'x'.repeat(examinations.maxBytes / 2) }
  const api = scriptedConnection(() => answer(200, half))
  const looks = new Examinations()
  await looks.run(api, 'kubectl receiverhook why', each => each.request(asking))
  const both = looks.run(api, 'kubectl receiverhook why', async each => {
    await each.request(asking)
    await each.request(asking)
  })
  await expect(both).rejects.toThrow('use kubectl receiverhook why')
  await expect(both).rejects.toMatchObject({ status: 413 })
})

it('only a few looks go on at once, and one that has failed gives its place back', async () => {
  const looks = new Examinations()
  const api = scriptedConnection(() => answer(200, {}))
  const ends: (() => void)[] = []
  const waiting = Array.from({ length: examinations.atOnce }, () =>
    looks.run(api, '', () => new Promise<void>((_, reject) => ends.push(() => reject(new Error('over'))))),
  )
  await expect(looks.run(api, '', () => Promise.resolve())).rejects.toMatchObject({ status: 429 })
  for (const end of ends) end()
  await Promise.allSettled(waiting)
  await expect(looks.run(api, '', () => Promise.resolve('done'))).resolves.toBe('done')
})

it('of a Secret, a form gets the names of its keys alone', async () => {
  const secret = { metadata: { name: 's', uid: 'u', resourceVersion: '1' }, data: { token: 'aGlkZGVu' } }
  const alice = await openFor(() => answer(200, secret))
  expect((await alice.get('/api/namespaces/shop/names?kind=Secret&of=s')).body).toEqual(['token'])
  expect(await alice.get('/api/namespaces/shop/names?kind=Pod')).toMatchObject({ status: 400 })
})

it('somebody who may not list a kind is offered no names', async () => {
  const alice = await openFor(() => answer(403, { reason: 'Forbidden', message: 'no' }))
  expect(await alice.get('/api/namespaces/shop/names?kind=Service&of=')).toMatchObject({ status: 200, body: [] })
})

it('somebody who may not read the record of a hook gets the reason in place of a history', async () => {
  const alice = await openFor(() => answer(403, { reason: 'Forbidden', message: 'alice cannot get records' }))
  expect(await alice.get('/api/hooks/shop/web-up/history')).toMatchObject({
    status: 200,
    body: { deliveries: [], why: 'alice cannot get records' },
  })
})

it('of the requests that wait for approval, the page gets what they would do, the oldest first and without a token', async () => {
  const canary = `eyJhbGciOiJFZERTQSJ9.${'c'.repeat(40)}.${'d'.repeat(40)}`
  const waiting = (name: string, creationTimestamp: string, status?: object) => ({
    metadata: { name, creationTimestamp, uid: `uid of ${name}`, resourceVersion: '1' },
    spec: { hook: 'web-up', by: { user: 'ann' }, dryRun: false, why: `because of ${canary}` },
    ...(status && { status }),
  })
  const effect = { text: `would go from 2 to 3 ${canary}`, digest: 'x3f', asked: 1 }
  const items = [
    waiting('b-later', '2026-01-01T00:01:00Z', { state: 'Queued' }),
    waiting('c-first', '2026-01-01T00:00:00Z', { state: 'Awaiting', until: '2026-01-01T00:15:00Z', effect }),
    waiting('d-unseen', '2026-01-01T00:02:00Z'),
  ]
  const asked: string[] = []
  const alice = await openFor(({ body = '', path, query }) => {
    const isReview = path.endsWith('selfsubjectaccessreviews')
    asked.push(isReview ? body : `${path} ${query?.['fieldSelector']}`)
    return isReview
      ? answer(201, { status: { allowed: false } })
      : answer(200, { metadata: { resourceVersion: '1' }, items })
  })
  const because = { by: 'ann', why: 'because of [token]' }
  expect((await alice.get('/api/hooks/shop/web-up/waiting')).body).toEqual({
    requests: [
      {
        ...{ name: 'c-first', uid: 'uid of c-first', at: '2026-01-01T00:00:00Z', until: '2026-01-01T00:15:00Z' },
        ...{ ...because, effect: 'would go from 2 to 3 [token]', digest: 'x3f' },
      },
      { name: 'b-later', uid: 'uid of b-later', at: '2026-01-01T00:01:00Z', ...because },
    ],
    mayDecide: false,
  })
  expect(asked[0]).toContain('receiverhookrequests spec.hook=web-up,status.state!=Done')
  // The verb is asked for this very hook.
  expect(asked[1]).toContain('"verb":"approve"')
  expect(asked[1]).toContain('"name":"web-up"')
})
