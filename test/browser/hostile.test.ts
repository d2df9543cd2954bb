import { afterAll, expect, it } from 'vitest'
import { send } from '../../src/kube/requests.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { closeBrowser, visit } from './page.ts'
import { startPlayground } from './playground.ts'

afterAll(closeBrowser)

const markup = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
const canary = `eyJhbGciOiJFZERTQSJ9.${'c'.repeat(40)}.${'d'.repeat(40)}`

it('shows markup of any field as text, and no token of any field at all', async () => {
  const playground = await startPlayground()
  await playground.createHook('hostile', {
    driver: 'scale',
    scale: { target: { name: 'web' }, action: 'up', max: 3 },
    when: `"${markup.replaceAll('"', "'")}" == ""`,
  })
  const now = new Date().toISOString()
  const delivery = { time: now, sender: markup.slice(0, 64), outcome: 'failed', reason: markup.slice(0, 64) }
  await send(playground.api, {
    method: 'PATCH',
    path: objectPath(hooks, 'shop', 'hostile', 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({
      status: {
        target: markup,
        lastDelivery: delivery,
        recent: [delivery],
        conditions: [
          {
            type: 'Ready',
            status: 'False',
            reason: 'Hostile',
            message: `${markup} ${canary}`,
            lastTransitionTime: now,
          },
        ],
      },
    }),
  })
  await send(playground.api, {
    method: 'PATCH',
    path: objectPath(hooks, 'shop', 'hostile'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({
      metadata: { labels: { x: 'y' }, annotations: { 'argocd.argoproj.io/tracking-id': `${markup}:x`, token: canary } },
    }),
  })
  await playground.create('/apis/events.k8s.io/v1/namespaces/shop/events', {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'hostile-event' },
    regarding: { apiVersion: 'receiverhooks.dev/v1alpha1', kind: 'ReceiverHook', name: 'hostile', namespace: 'shop' },
    reason: 'Hostile',
    note: `${markup} ${canary}`,
    type: 'Warning',
    eventTime: now.replace('Z', '000Z'),
    action: 'Try',
    reportingController: 'test',
    reportingInstance: 'test',
  })
  const { faults, page } = await visit()
  const bodies: Promise<string>[] = []
  page.on('response', response => {
    if (response.url().includes('/api/') && !response.url().includes('/stream'))
      bodies.push(response.text().catch(() => ''))
  })
  await page.goto(playground.link())
  await page.locator('[data-key="shop/hostile"]').waitFor()
  await page.locator('[data-key="shop/hostile"] .name a').click()
  await page.getByRole('heading', { name: 'hostile' }).waitFor()
  await page.getByText(/Events \(/).click()
  await page.getByText('<script>').first().waitFor()
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  await page.getByRole('heading', { name: 'Edit hostile' }).waitFor()
  await page.locator('#search').waitFor({ state: 'detached' })
  const seen = await page.evaluate(() => ({
    hit: 'hit' in globalThis,
    images: document.querySelectorAll('img, script:not([src])').length,
  }))
  expect(seen).toEqual({ hit: false, images: 0 })
  expect(await page.content()).not.toContain(canary)
  expect((await Promise.all(bodies)).filter(body => body.includes(canary))).toEqual([])
  expect(faults).toEqual([])
})
