import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { deployments } from '../support/product.ts'
import { expectAccessible, expectNoSidewaysScroll, picture, visit, type Scheme, type Width } from './page.ts'
import { deployment, scaleSpec, playgroundOfFile, type Playground } from './playground.ts'

let playground: Playground
playgroundOfFile(started => (playground = started))

/** Makes a Deployment with a hook for one test, so that no test sees the rollouts of another. */
const target = async (name: string, replicas: number, deadline = 600): Promise<void> => {
  await playground.create('/apis/apps/v1/namespaces/shop/deployments', deployment(name, replicas))
  await patch(name, { spec: { progressDeadlineSeconds: deadline } })
  await playground.createHook(name, { driver: 'redeploy', redeploy: { target: { name }, tags: { glob: '*' } } })
  // A test that is tried again makes them once more.
  onTestFinished(async () => {
    for (const type of [hooks, deployments]) {
      const path = objectPath(type, 'shop', name)
      await playground.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
    }
  })
  await playground.url(name)
}

const patch = (name: string, body: object): Promise<unknown> =>
  send(playground.api, {
    method: 'PATCH',
    path: objectPath(deployments, 'shop', name),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(body),
  })

/** Opens a hook's page and runs it with an image. */
const run = async (page: Page, name: string, image: string): Promise<void> => {
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await page.goto(new URL(`/hooks/shop/${name}`, page.url()).href)
  await page.getByText('With a body').click()
  await page.locator('#try-body').fill(JSON.stringify({ image }))
  await page.getByRole('button', { name: 'Run it for real' }).click()
  await page.getByRole('button', { name: 'Run it', exact: true }).click()
}

it('a request that waits is shown with what it would do, and runs once somebody approves it', async () => {
  const { createHook, create } = playground
  await create('/apis/apps/v1/namespaces/shop/deployments', deployment('asked', 2))
  await createHook('asked', { ...scaleSpec('asked'), approval: { within: '15m' } })
  await playground.url('asked')
  for (const [name, user] of [
    ['first', 'ann'],
    ['second', 'playground'],
  ] as const) {
    const spec = { hook: 'asked', by: { user }, why: `${name} of two` }
    await create(collectionPath(requests, 'shop'), { apiVersion, kind: requestKind, metadata: { name }, spec })
  }
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await page.goto(new URL('/hooks/shop/asked', page.url()).href)
  const waiting = page.getByRole('region', { name: 'Waiting for approval' })
  await waiting.getByText('Deployment/asked would go from 2 to 3').waitFor()
  await waiting.getByText('Waits for an earlier request').waitFor()
  await waiting.getByRole('button', { name: 'Approve …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  await page.getByText('first was approved').waitFor()
  // Nobody approves what they have asked for, but they may deny it.
  await waiting.getByText('Deployment/asked would go from 3 to 4').waitFor()
  await expect.poll(() => waiting.getByRole('button', { name: 'Approve …' }).getAttribute('aria-disabled')).toBe('true')
  await waiting.getByRole('button', { name: 'Deny …' }).focus()
  await page.keyboard.press('Enter')
  await page.getByLabel('Why, for your colleagues').fill('once is enough')
  await page.keyboard.press('Enter')
  await waiting.waitFor({ state: 'detached' })
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('asked')
  await page.locator('.deliveries .outcome', { hasText: 'skipped' }).waitFor()
  await page.locator('.deliveries .outcome', { hasText: 'applied 2 → 3' }).waitFor()
  expect(faults).toEqual([])
})

const looks: readonly (readonly [Width, Scheme])[] = [
  [1280, 'light'],
  [360, 'dark'],
  [1280, 'dark'],
  [360, 'light'],
]

describe('a run for real', () => {
  it('says on the page that all pods are ready', async () => {
    await target('good', 4)
    const { faults, page } = await visit()
    await run(page, 'good', 'nginx:1.30')
    // The dialog closes when all is well, and what it said stays on the page.
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByText('Applied (RolledOut)', { exact: false }).waitFor()
    await page.getByText('Complete: Deployment/good: 4 of 4 new pods are available', { exact: false }).waitFor()
    expect(faults).toEqual([])
  })

  it('says that somebody else has changed what runs', async () => {
    await target('taken', 1)
    const { faults, page } = await visit()
    await run(page, 'taken', 'nginx:missing')
    await page.getByRole('dialog').getByText('0 of 1 new pods', { exact: false }).waitFor()
    await patch('taken', { spec: { template: { spec: { containers: [{ name: 'app', image: 'nginx:hotfix' }] } } } })
    await page.getByRole('dialog').getByText('Replaced: someone else', { exact: false }).waitFor()
    expect(faults).toEqual([])
  })

  it('asks no more once its dialog is closed', async () => {
    await target('left', 1)
    const { page } = await visit()
    await page.clock.install()
    const asked: string[] = []
    const applied = { outcome: 'applied', reason: 'RolledOut', message: 'rolled out' }
    await page.route('**/api/requests/**', route => {
      asked.push(route.request().url())
      const answer = {
        ...applied,
        state: 'progressing',
        stateMessage: 'Deployment/left: 0 of 1 new pods are available',
      }
      return route.fulfill({ json: { answer } })
    })
    await run(page, 'left', 'nginx:missing')
    await page.getByRole('dialog').getByText('0 of 1 new pods', { exact: false }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const last = asked.length
    await page.clock.runFor(60_000)
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.getByText(/Would/).waitFor()
    // The dry run has asked once.
    expect(asked.length).toBe(last + 1)
  })

  it('closes by itself where nothing is to be followed', async () => {
    const { faults, page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await page.goto(new URL('/hooks/shop/web-up', page.url()).href)
    await page.getByRole('button', { name: 'Run it for real' }).click()
    await page.getByRole('button', { name: 'Run it', exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.locator('.tried', { hasText: 'went from 2 to 3' }).waitFor()
    expect(faults).toEqual([])
  })

  it.each(looks)('stalls at %i px, %s: it says why and what to do, to everybody', async (width, scheme) => {
    const name = `bad-${width}-${scheme}`
    await target(name, 3, 600)
    const { faults, page } = await visit({ width, scheme })
    await run(page, name, 'nginx:missing')
    const dialog = page.getByRole('dialog')
    await dialog.getByText('0 of 3 new pods', { exact: false }).waitFor()
    await picture(page, `run-progress-${width}-${scheme}`)
    await expectAccessible(page, 'progress')
    await patch(name, { spec: { progressDeadlineSeconds: 1 } })
    await dialog.getByText('Stalled: the rollout of', { exact: false }).waitFor()
    await dialog.getByText('kubectl describe pod', { exact: false }).waitFor()
    await picture(page, `run-stalled-${width}-${scheme}`)
    await expectAccessible(page, 'stalled')
    await expectNoSidewaysScroll(page, 'stalled')
    expect(faults).toEqual([])
  })
})
