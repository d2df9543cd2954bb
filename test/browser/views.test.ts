import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { requests } from '../../src/kube/resources.ts'
import { post } from '../support/product.ts'
import {
  expectAccessible,
  expectNoSidewaysScroll,
  expectNothingReachesOut,
  picture,
  visit,
  type Scheme,
  type Width,
} from './page.ts'
import { deployment, scaleSpec, playgroundOfFile, type Playground } from './playground.ts'

let playground: Playground
playgroundOfFile(started => (playground = started))
beforeAll(async () => {
  await playground.create('/apis/apps/v1/namespaces/shop/deployments', deployment('api', 5))
  await playground.createHook('api-up', scaleSpec('api', { by: '25%', max: 40 }))
  await playground.createHook('api-night', { ...scaleSpec('api', { action: 'down' }), suspend: true })
  await playground.createHook('worker-up', scaleSpec('worker'))
  await playground.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'empty' } })
  const url = await playground.url('web-up')
  for (let count = 0; count < 4; count++) await post(url)
  await post(await playground.url('web-down'))
  await post(await playground.url('api-up'))
  await playground.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'long' } })
  const image = `registry.example.com/${'a-team/'.repeat(6)}web`
  const long = { driver: 'redeploy', redeploy: { target: { name: longName }, image, tags: { glob: '*' } } }
  await playground.createHook(longName, long, 'long')
  await playground.createHook('web-closed', { ...scaleSpec('web'), windows: closedNow() }, 'long')
  const auth = { bearer: { secretKeyRef: { name: 'sender', key: 'token' } } }
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'scaler-of-the-shop' } }
  await playground.create('/api/v1/namespaces/long/serviceaccounts', account)
  const named = { auth, token: { url: 'named' }, serviceAccountName: 'scaler-of-the-shop' }
  await playground.createHook('web-named', { ...scaleSpec('web'), ...named }, 'long')
  await playground.create('/apis/apps/v1/namespaces/long/deployments', deployment('sale', 2))
  await playground.createHook('sale-up', { ...scaleSpec('sale', { by: 2 }), for: '2h' }, 'long')
  await post(await playground.url('sale-up', 'long'))
  await playground.createHook('sale-asked', { ...scaleSpec('sale'), approval: { within: '15m' } }, 'long')
  const asked = { hook: 'sale-asked', by: { user: 'ann' }, why: 'the queue is long' }
  const request = { apiVersion, kind: requestKind, metadata: { name: 'sale-asked-x2' }, spec: asked }
  await playground.create(collectionPath(requests, 'long'), request)
  await post(await playground.url('web-push'), undefined, { body: '{"image": "nginx:1.30.1-alpine"}' })
})

/** Returns windows that are closed today and tomorrow, with a freeze. */
const closedNow = () => {
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
  const later = days[(new Date().getUTCDay() + 3) % 7]
  const except = [{ from: '2020-12-20T00:00:00Z', to: '2021-01-03T00:00:00Z', reason: 'end of the year' }]
  return { zone: 'Europe/Berlin', open: [{ days: [later], from: '08:00', to: '18:00' }], except }
}

const longName = 'a-hook-with-a-name-that-is-as-long-as-those-of-a-company-are'

/** Fails where rows are not as high as the list takes them to be: those below would be drawn at the wrong place. */
const expectRowsAsHighAsSaid = async (page: Page): Promise<void> => {
  const heights = await page.locator('.scroll > [role=rowgroup]:not(.head)').evaluate(group => {
    const rows = [...group.children].map(row => row.getBoundingClientRect().height)
    return { said: group.getBoundingClientRect().height, drawn: rows.reduce((sum, height) => sum + height, 0) }
  })
  expect(heights.drawn).toBe(heights.said)
}

/** How to reach each view, once the list stands. */
const views: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  list: async page => {
    await page.locator('[data-key="shop/web-up"] .outcome.applied').waitFor()
    await page.locator('[data-key="shop/web-push"] .outcome.applied').waitFor()
  },
  focus: async page => {
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.locator('.row:focus-within').waitFor()
  },
  menu: async page => {
    await page.getByRole('button', { name: 'More for web-up' }).click()
    await page.getByRole('button', { name: 'Rotate web-up' }).waitFor()
  },
  grouped: async page => {
    await page.getByRole('button', { name: 'Group by target' }).click()
    await page.locator('.row.group').first().waitFor()
    await expectRowsAsHighAsSaid(page)
  },
  marked: async page => {
    await page.getByLabel('Mark web-up').check()
    await page.getByRole('button', { name: 'End leases …' }).waitFor()
  },
  target: async page => {
    await page.goto(new URL('/targets/shop/Deployment/web', page.url()).href)
    await page.getByRole('rowheader', { name: 'base' }).waitFor()
  },
  health: async page => {
    await page.goto(new URL('/health', page.url()).href)
    await page.getByRole('heading', { name: 'In order' }).waitFor()
  },
  nothing: async page => {
    await page.locator('#search').fill('no such hook')
    await page.getByRole('button', { name: 'Clear' }).waitFor()
  },
  empty: async page => {
    await page.locator('select#namespace').selectOption('empty')
    await page.getByRole('heading', { name: 'No hooks in namespace empty yet' }).waitFor()
  },
  stop: async page => {
    await page.getByRole('button', { name: 'Stop all hooks…' }).click()
    await page.getByLabel('Why, for your colleagues').waitFor()
  },
  run: async page => {
    await page.getByRole('button', { name: 'More for web-up' }).click()
    await page.getByRole('button', { name: 'Run web-up', exact: true }).click()
    await page.getByRole('dialog').getByText('Once: ').waitFor()
  },
  add: async page => {
    await page.getByRole('link', { name: 'Add hook' }).click()
    await page.locator('[data-verdict=wrong]').waitFor()
  },
  form: async page => {
    await page.getByRole('link', { name: 'Add hook' }).click()
    await page.locator('#field-name').fill('web-more')
    await page.locator('select#field-scale-target').selectOption({ index: 1 })
    await page.getByLabel('up', { exact: true }).check()
    await page.locator('#field-scale-max').fill('12')
    await page.locator('[data-verdict=accepted]').waitFor()
  },
  'form-wrong': async page => {
    await page.getByRole('link', { name: 'Add hook' }).click()
    await page.locator('#field-name').fill('Web More')
    await page.locator('#field-scale-max').fill('0')
    await page.getByText('When it runs').click()
    await page.locator('#field-cooldown').fill('soon')
    await page.locator('.fault', { hasText: 'must be a duration' }).waitFor()
  },
  edit: async page => {
    await page.getByRole('link', { name: 'web-up' }).click()
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    await page.locator('[data-verdict=accepted]').waitFor()
  },
  hook: async page => {
    await page.getByRole('link', { name: 'web-up' }).click()
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.getByText(/would go from/).waitFor()
    await page.locator('#snippet option').first().waitFor({ state: 'attached' })
  },
  'use-it': async page => {
    await page.getByRole('link', { name: 'web-up' }).click()
    await page.locator('#snippet').selectOption('datadog')
    await page.getByText('@webhook-shop_web-up', { exact: false }).first().waitFor()
    await page.getByRole('region', { name: 'Use it' }).scrollIntoViewIfNeeded()
  },
  'use-it-refused': async page => {
    await page.getByRole('link', { name: 'web-push' }).click()
    await page.locator('#snippet').selectOption('alertmanager')
    await page.getByText('This hook runs when an image was pushed', { exact: false }).waitFor()
    await page.getByRole('region', { name: 'Use it' }).scrollIntoViewIfNeeded()
  },
  'list-long': async page => {
    await page.locator('select#namespace').selectOption('long')
    await page.locator(`[data-key="long/${longName}"]`).waitFor()
  },
  'hook-long': async page => {
    await page.goto(new URL(`/hooks/long/${longName}`, page.url()).href)
    await page.getByRole('heading', { name: longName }).waitFor()
  },
  'hook-closed': async page => {
    await page.goto(new URL('/hooks/long/web-closed', page.url()).href)
    await page.getByText(/Closed until/).waitFor()
  },
  'hook-named': async page => {
    await page.goto(new URL('/hooks/long/web-named', page.url()).href)
    await page.getByText('Acts as ServiceAccount/scaler-of-the-shop').waitFor()
  },
  'hook-leases': async page => {
    await page.goto(new URL('/hooks/long/sale-up', page.url()).href)
    await page.getByRole('region', { name: 'Leases' }).scrollIntoViewIfNeeded()
  },
  'hook-asked': async page => {
    await page.goto(new URL('/hooks/long/sale-asked', page.url()).href)
    await page.getByText(/^Deployment\/sale would go from 4 to 5$/).waitFor()
  },
  approve: async page => {
    await page.goto(new URL('/hooks/long/sale-asked', page.url()).href)
    await page.getByRole('button', { name: 'Approve …' }).click()
  },
  'hook-failing': async page => {
    await page.getByRole('link', { name: 'worker-up' }).click()
    await page.getByText('there is no Deployment/worker', { exact: false }).first().waitFor()
  },
  delete: async page => {
    await page.getByRole('link', { name: 'web-up' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByLabel('Type the name, web-up').waitFor()
  },
  rotate: async page => {
    await page.getByRole('link', { name: 'web-up' }).click()
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByLabel('How long the old URL works').waitFor()
  },
  help: async page => {
    await page.getByRole('button', { name: 'Help' }).click()
    await page.getByRole('dialog').getByText('not:ready').waitFor()
  },
  yaml: async page => {
    await page.getByRole('link', { name: 'web-up' }).click()
    await page.getByText('YAML', { exact: true }).click()
    await page.getByLabel('The hook as YAML').scrollIntoViewIfNeeded()
  },
  me: async page => {
    await page.goto(new URL('/me', page.url()).href)
    await page.getByRole('heading', { name: 'playground' }).waitFor()
  },
  nowhere: async page => {
    await page.goto(new URL('/no/such/place', page.url()).href)
    await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
  },
}

/** How much of a view the pages show, in pixels from its top. */
const shownInDocs: ReadonlyMap<string, number> = new Map([
  ['list', 495],
  ['form', 850],
  ['hook', 800],
])

const looks: readonly (readonly [Width, Scheme])[] = [
  [1280, 'light'],
  [1280, 'dark'],
  [360, 'light'],
  [360, 'dark'],
]

describe.each(looks)('at %i px, %s', (width, scheme) => {
  it('each view can be used by everybody, breaks no policy, and scrolls one way', async () => {
    const { faults, page } = await visit({ width, scheme })
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    const list = page.url()
    for (const [name, open] of Object.entries(views)) {
      await page.goto(list)
      await page.locator('.row').first().waitFor()
      await open(page)
      await picture(page, `${name}-${width}-${scheme}`)
      // `DOCS=1 npm run test:long -- browser` renews the pictures of docs/how-to/dashboard.md.
      const height = shownInDocs.get(name)
      if (process.env['DOCS'] !== undefined && width === 1280 && scheme === 'light' && height !== undefined) {
        const viewport = page.viewportSize()
        await page.setViewportSize({ width, height })
        await page.screenshot({ path: `docs/images/dashboard-${name}.png`, animations: 'disabled' })
        if (viewport !== null) await page.setViewportSize(viewport)
      }
      await expectAccessible(page, name)
      await expectNoSidewaysScroll(page, name)
      await expectNothingReachesOut(page, name)
    }
    expect(faults).toEqual([])
  })

  it('the page of somebody who is not signed in as well', async () => {
    const { faults, page } = await visit({ width, scheme })
    await page.goto(new URL('/', playground.link()).href)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await picture(page, `sign-in-${width}-${scheme}`)
    await expectAccessible(page, 'sign-in')
    await expectNoSidewaysScroll(page, 'sign-in')
    expect(faults).toEqual([])
  })
})

it('fits into 320 px, and every target of a finger is large enough there', async () => {
  const { page } = await visit({ width: 320 })
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await expectNoSidewaysScroll(page, 'list')
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('main button, main a.button, main input')]
      .map(element => ({ text: element.textContent || element.id, height: element.getBoundingClientRect().height }))
      .filter(({ height }) => height > 1 && height < 43.5)
      .filter(({ text }) => !/need/.test(text)),
  )
  expect(small).toEqual([])
})
