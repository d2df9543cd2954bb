import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { cluster, deployments, post, postUntilClear, product, type Posted } from '../support/product.ts'
import { triggerProcess } from '../support/trigger-process.ts'

/** Checks that most posts were answered, and that each of these made a step of its own. Returns the answers, and how many there are. */
const countsIn = (tried: readonly (Posted | undefined)[]) => {
  const answers = tried.filter(answer => answer !== undefined)
  expect(answers.length).toBeGreaterThan(tried.length / 2)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(answers.every(({ body }) => Number(body['to']) === Number(body['from']) + 1)).toBe(true)
  expect(new Set(answers.map(({ body }) => body['to'])).size).toBe(answers.length)
  return { answers, count: answers.length }
}

it('200 posts at once of one up end at exactly 200', async () => {
  const here = await cluster()
  await here.createDeployment('web', 0)
  await product(here)
  await here.createHook('web-up', { max: 500 })
  const url = await here.url('web-up')
  const { answers, count } = countsIn(await Promise.all(Array.from({ length: 200 }, () => postUntilClear(url))))
  const replicas = await here.replicas('web')
  expect(count).toBeLessThanOrEqual(replicas)
  expect(replicas).toBeLessThanOrEqual(200)
  expect(Math.max(...answers.map(({ body }) => Number(body['to'])))).toBeLessThanOrEqual(replicas)
})

it('200 posts at once, over two trigger processes and with an outside writer between them, lose no step', async () => {
  const here = await cluster()
  const { api, namespace } = here
  await here.createDeployment('web', 0)
  await product(here, { trigger: false, publicURL: 'http://replaced.example.com' })
  await here.createHook('web-up', { max: 500 })
  const path = new URL(await here.url('web-up')).pathname
  const [first, second] = await Promise.all([triggerProcess(here), triggerProcess(here)])
  const urls = [first, second].map(({ port }) => `http://127.0.0.1:${port}${path}`)
  // Each has to be ready before the burst, or it would answer 503.
  for (const url of urls) {
    await here.until(
      () => post(`${url}?dryRun=true`),
      ({ status }) => status === 200,
    )
  }

  const scale = objectPath(deployments, namespace, 'web', 'scale')
  const addOutside = async (): Promise<void> => {
    for (;;) {
      const now = await send(api, { method: 'GET', path: scale })
      const replicas = Number(at(now, 'spec', 'replicas') ?? 0) + 1
      const body = JSON.stringify({ metadata: { resourceVersion: now.metadata.resourceVersion }, spec: { replicas } })
      const query = { fieldManager: 'outsider' }
      const contentType = 'application/merge-patch+json'
      const request = { method: 'PATCH', path: scale, query, contentType, body, lane: 'bulk', timeoutMs: 5000 } as const
      if ((await api.request(request)).status === 200) return
    }
  }
  const outside = (async () => {
    for (let i = 0; i < 5; i++) await addOutside()
  })()
  const tried = await Promise.all(Array.from({ length: 200 }, (_, i) => postUntilClear(urls[i % 2] ?? '')))
  await outside
  const { count } = countsIn(tried)
  const replicas = await here.replicas('web')
  expect(count + 5).toBeLessThanOrEqual(replicas)
  expect(replicas).toBeLessThanOrEqual(205)
  expect(await first.writes()).toBeGreaterThan(0)
  expect(await second.writes()).toBeGreaterThan(0)
  await Promise.all([first.stop(), second.stop()])
})
