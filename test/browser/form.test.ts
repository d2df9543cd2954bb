import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { declarations } from '../../src/drivers/schemas.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { expectAccessible, expectNoSidewaysScroll, picture, visit, type Look } from './page.ts'
import { deployment, scaleSpec, playgroundOfFile, type Playground } from './playground.ts'

let playground: Playground
playgroundOfFile(started => (playground = started))
beforeAll(async () => {
  const { spec } = deployment('cache', 1)
  await playground.create('/apis/apps/v1/namespaces/shop/statefulsets', {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'cache' },
    spec: { ...spec, serviceName: 'cache' },
  })
})

const openForm = async (driver: string, look: Look = {}): Promise<Page> => {
  const { page } = await visit(look)
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await page.getByRole('link', { name: 'Add hook' }).click()
  await page.getByLabel('What it does').selectOption(driver)
  return page
}

const specOf = async (name: string): Promise<unknown> =>
  at(await send(playground.api, { method: 'GET', path: objectPath(hooks, 'shop', name) }), 'spec')

const accepted = (page: Page) => page.locator('[data-verdict=accepted]').waitFor()

const create = async (page: Page, name: string): Promise<unknown> => {
  await accepted(page)
  await page.getByRole('button', { name: 'Create' }).click()
  await page.waitForURL(`**/hooks/shop/${name}`)
  return specOf(name)
}

describe('the form of redeploy', () => {
  it('asks for the workload at once, from a list', async () => {
    const page = await openForm('redeploy')
    await page.getByText('Still needed: Name, Name of the workload.').waitFor()
    await page.getByLabel('Name *', { exact: true }).fill('cache-push')
    // It is free text until the names are there.
    const names = page.getByLabel('Name of the workload').and(page.locator('select'))
    await names.selectOption({ label: 'StatefulSet/cache, 1 now' })
    await page.getByLabel('Image', { exact: true }).fill('ghcr.io/acme/cache')
    await page.getByLabel('Tags that match a pattern').check()
    await page.getByText('Still needed: Tags that match a pattern.').waitFor()
    await page.getByRole('textbox', { name: 'Tags that match a pattern' }).fill('v*')
    await accepted(page)
    await page.getByText('Anyone with the URL can ', { exact: false }).waitFor()
    expect(await create(page, 'cache-push')).toMatchObject({
      driver: 'redeploy',
      redeploy: {
        target: { kind: 'StatefulSet', name: 'cache' },
        image: 'ghcr.io/acme/cache',
        tags: { glob: 'v*' },
      },
    })
  })

  it('takes labels instead of one workload', async () => {
    const page = await openForm('redeploy')
    await page.getByLabel('Name *', { exact: true }).fill('all-push')
    await page.getByLabel('Workloads with labels').check()
    await page.getByLabel('Labels', { exact: true }).fill('app=web\ntier = front')
    expect(await create(page, 'all-push')).toMatchObject({
      redeploy: { selector: { matchLabels: { app: 'web', tier: 'front' } } },
    })
  })

  it('asks for the kinds of workloads where labels say which they are', async () => {
    const page = await openForm('redeploy')
    await page.getByText('More about this').click()
    const kinds = page.getByRole('group', { name: 'Kinds' })
    expect(await kinds.count()).toBe(0)
    await page.getByLabel('Workloads with labels').check()
    await kinds.waitFor()
  })

  it('says what is missing, and leads to it, where Create is pressed too soon', async () => {
    const page = await openForm('redeploy')
    await page.getByLabel('Name *', { exact: true }).fill('too-soon')
    await page.getByRole('button', { name: 'Create' }).click()
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('field-redeploy-target')
    await page.locator('#field-redeploy-target-fault').waitFor()
  })
})

it('the section of the URL begins with a Secret, and fills one in', async () => {
  const page = await openForm('scale')
  await page.getByLabel('Name *', { exact: true }).fill('kept')
  await page.getByLabel('Workload *').selectOption({ index: 1 })
  await page.getByLabel('down', { exact: true }).check()
  await page.locator('summary', { hasText: 'Its URL' }).click()
  const offer = page.getByRole('button', { name: 'Put the URL into Secret/kept-url' })
  await page.locator('details', { has: offer }).locator('.field').first().getByLabel('Secret for the URL').waitFor()
  await offer.click()
  expect(await page.getByLabel('Secret for the URL').inputValue()).toBe('kept-url')
  expect(await offer.count()).toBe(0)
  expect(await create(page, 'kept')).toMatchObject({ token: { secretName: 'kept-url' } })
})

describe('a form that is sent with an error', () => {
  /** Returns the id of what has the focus, or else its text. */
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent)

  it('leads to a group in which nothing is chosen', async () => {
    const page = await openForm('scale')
    await page.getByLabel('Name *', { exact: true }).fill('undirected')
    await page.getByLabel('Workload *').selectOption({ index: 1 })
    await page.getByRole('button', { name: 'Create' }).click()
    await expect.poll(() => focused(page)).toMatch(/^Direction/)
  })

  it('leads to a field in a section that was closed', async () => {
    const page = await openForm('scale')
    await page.getByLabel('Name *', { exact: true }).fill('folded')
    await page.getByLabel('Workload *').selectOption({ index: 1 })
    await page.getByLabel('down', { exact: true }).check()
    const section = page.locator('summary', { hasText: 'When it runs' })
    await section.click()
    await page.getByLabel('Cooldown', { exact: true }).fill('soon')
    await section.click()
    await expect.poll(() => page.getByLabel('Cooldown', { exact: true }).isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Create' }).click()
    await expect.poll(() => focused(page)).toBe('field-cooldown')
  })
})

describe('a hook that is created in another namespace than the shown one', () => {
  const createIn = async (page: Page, namespace: string, name: string): Promise<void> => {
    await playground.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    })
    await page.getByLabel('Namespace *', { exact: true }).fill(namespace)
    await page.getByLabel('Name *', { exact: true }).fill(name)
    await page.getByPlaceholder('Name of the workload').fill('web')
    await page.getByLabel('down', { exact: true }).check()
    await accepted(page)
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name, exact: true }).waitFor()
  }

  it('is shown in the list after that', async () => {
    const page = await openForm('scale')
    await createIn(page, 'other', 'elsewhere')
    await page.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name: 'Hooks' }).click()
    await page.locator('[data-key="other/elsewhere"]').waitFor()
    expect(await page.locator('select#namespace').inputValue()).toBe('other')
  })

  it('is shown to somebody who may not list all namespaces, where all were asked for', async () => {
    const { page } = await visit()
    const ended = { type: 'ended', why: 'forbidden', message: 'no' }
    await page.route('**/api/stream?namespace=&*', route =>
      route.fulfill({ contentType: 'text/event-stream', body: `data: ${JSON.stringify(ended)}\n\n` }),
    )
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await page.goto(new URL('/?ns=*', page.url()).href)
    await page.getByRole('heading', { name: 'You may not see the hooks of all namespaces' }).waitFor()
    await page.keyboard.press('n')
    await createIn(page, 'alone', 'mine')
    expect(await page.locator('select#namespace').inputValue()).toBe('alone')
  })
})

describe('the form of scaleNodes', () => {
  it('takes a pool by kind and name where none can be listed', async () => {
    const page = await openForm('scaleNodes')
    await page.getByLabel('Name *', { exact: true }).fill('more-nodes')
    await page.getByLabel('Kind', { exact: true }).selectOption({ label: 'MachinePool' })
    await page.getByLabel('Pool of nodes').fill('workers')
    await page.getByLabel('up', { exact: true }).check()
    await page.getByLabel('Maximum *').fill('5')
    expect(await create(page, 'more-nodes')).toMatchObject({
      scaleNodes: { target: { kind: 'MachinePool', name: 'workers' }, action: 'up', max: 5 },
    })
  })
})

describe('the form of runJob', () => {
  it('takes a CronJob by name, variables one by one, and labels line by line', async () => {
    const page = await openForm('runJob')
    await page.getByLabel('Name *', { exact: true }).fill('run-report')
    await page.getByLabel('CronJob').fill('report')
    await page.getByLabel('run none').check()
    await page.getByText('More about this').click()
    await page.getByLabel('Labels of alerts', { exact: true }).fill('severity\npod')
    expect(await create(page, 'run-report')).toMatchObject({
      driver: 'runJob',
      runJob: { cronJob: 'report', concurrency: 'forbid', labels: ['severity', 'pod'] },
    })
  })
})

describe('the form of forward', () => {
  it('takes a Service by name and port, and headers line by line', async () => {
    const page = await openForm('forward')
    await page.getByLabel('Name *', { exact: true }).fill('to-jenkins')
    await page.getByLabel('Name of the Service').fill('jenkins')
    await page.getByLabel('Port of the Service').fill('8080')
    await page.getByLabel('Path', { exact: true }).fill('/github-webhook/')
    await page.getByText('More about this').click()
    await page.getByLabel('Headers', { exact: true }).fill('X-GitHub-Event\nX-Hub-Signature-256')
    expect(await create(page, 'to-jenkins')).toMatchObject({
      driver: 'forward',
      forward: {
        service: { name: 'jenkins', port: 8080 },
        path: '/github-webhook/',
        headers: ['X-GitHub-Event', 'X-Hub-Signature-256'],
      },
    })
  })
})

it('offers what is there wherever something has a name', async () => {
  await playground.create('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'deployer' } })
  const data = { token: 'YQ==', before: 'Yg==' }
  await playground.create('/api/v1/namespaces/shop/secrets', { metadata: { name: 'senders' }, data })
  const offered = (page: Page, label: string) =>
    page
      .getByLabel(label)
      .evaluate(field =>
        field instanceof HTMLInputElement ? [...(field.list?.options ?? [])].map(({ value }) => value) : [],
      )
  const ofJob = await openForm('runJob')
  await expect.poll(() => offered(ofJob, 'CronJob')).toEqual(['report'])
  const page = await openForm('forward')
  await expect.poll(() => offered(page, 'Name of the Service')).toEqual(['echo'])
  await page.getByLabel('Name of the Service').fill('echo')
  await expect.poll(() => offered(page, 'Port of the Service')).toEqual(['http'])
  await page.getByText('As whom it acts').click()
  await expect.poll(() => offered(page, 'Acts as the account')).toContain('deployer')
  await page.locator('summary', { hasText: 'What a post must prove' }).click()
  await page.getByLabel('A bearer token').check()
  await expect.poll(() => offered(page, 'Name of the Secret')).toContain('senders')
  await page.getByLabel('Name of the Secret').fill('senders')
  await expect.poll(() => offered(page, 'Key in the Secret')).toEqual(['token', 'before'])
  await expect.poll(() => offered(page, 'Key of the previous value')).toEqual(['token', 'before'])
})

it('marks a maximum below the minimum at once, while other fields are still missing', async () => {
  const page = await openForm('scale')
  await page.locator('#field-scale-min').fill('20')
  await page.locator('#field-scale-max').fill('10')
  await page.locator('.fault', { hasText: 'must not be below min' }).waitFor()
  expect(await page.locator('#field-scale-max').getAttribute('aria-invalid')).toBe('true')
})

it('asks for the pool in a cluster where a cluster is named, and says that it is needed', async () => {
  const page = await openForm('scaleNodes')
  const pool = page.getByLabel('Pool in the cluster')
  expect(await pool.count()).toBe(0)
  await page.getByLabel('Kind', { exact: true }).selectOption({ label: 'Cluster (provisioning.cattle.io/v1)' })
  await page.getByPlaceholder('Name of the pool or cluster').fill('prod')
  await page.getByText('Still needed: Name, Pool in the cluster, Direction.').waitFor()
  await pool.fill('workers')
  await page.getByText('Still needed: Name, Direction.').waitFor()
})

describe('what a post must prove', () => {
  it('has nothing before the signature where that field was emptied', async () => {
    const page = await openForm('scale')
    await page.getByLabel('Name *', { exact: true }).fill('signed')
    await page.getByLabel('Workload *').selectOption({ index: 1 })
    await page.getByLabel('down', { exact: true }).check()
    await page.locator('summary', { hasText: 'What a post must prove' }).click()
    await page.getByLabel('A signature of the body (HMAC)').check()
    await page.getByLabel('Name of the Secret').fill('proofs')
    await page.getByLabel('Key in the Secret').fill('token')
    const prefix = page.getByLabel('Text before the signature')
    expect(await prefix.inputValue()).toBe('sha256=')
    await prefix.fill('')
    // What must be set of a time must be set only where one is signed.
    const time = page.getByLabel('Header of the time')
    expect(await time.isVisible()).toBe(false)
    await page.locator('summary', { hasText: 'A time that is signed with the body' }).click()
    await time.fill('X-Time')
    expect(await create(page, 'signed')).toMatchObject({
      auth: { hmac: { prefix: '', timestamp: { header: 'X-Time' } } },
    })
  })

  it('is asked of the form that was chosen alone, and is never lost by emptying a field', async () => {
    const page = await openForm('scale')
    await page.getByLabel('Name *', { exact: true }).fill('proved')
    await page.getByLabel('Workload *').selectOption({ index: 1 })
    await page.getByLabel('down', { exact: true }).check()
    await accepted(page)
    await page.locator('summary', { hasText: 'What a post must prove' }).click()
    await page.getByLabel('A bearer token').check()
    await page.getByText('Still needed: Secret.').waitFor()
    await page.getByLabel('Name of the Secret').fill('proofs')
    await page.getByLabel('Key in the Secret').fill('token')
    await accepted(page)
    await page.getByLabel('Name of the Secret').fill('')
    await page.getByLabel('Key in the Secret').fill('')
    await page.getByText('Still needed: Secret.').waitFor()
    await page.getByLabel('Name of the Secret').fill('proofs')
    await page.getByLabel('Key in the Secret').fill('token')
    expect(await create(page, 'proved')).toMatchObject({
      auth: { bearer: { secretKeyRef: { name: 'proofs', key: 'token' } } },
    })
  })
})

const looks = [
  { width: 1280, scheme: 'light' },
  { width: 360, scheme: 'dark' },
] as const

it.each(looks)('each driver can be used by everybody at %j', async look => {
  const shown: string[] = []
  for (const driver of declarations.map(({ name }) => name)) {
    const page = await openForm(driver, look)
    await page.locator('.members').waitFor()
    await picture(page, `form-${driver}-${look.width}-${look.scheme}`)
    const folded = page.locator('details.folded > summary')
    for (const summary of await folded.all()) await summary.click()
    await page.getByLabel('A bearer token').check()
    await picture(page, `form-${driver}-open-${look.width}-${look.scheme}`)
    await expectAccessible(page, driver)
    await expectNoSidewaysScroll(page, driver)
    shown.push(...(await page.locator('.members label').allTextContents()))
  }
  expect(shown.filter(label => label.trim() === '')).toEqual([])
})

describe('a list of entries', () => {
  it('shows what is left after the first entry is removed', async () => {
    const page = await openForm('scale')
    await page.locator('summary', { hasText: 'What a post must prove' }).click()
    await page.getByLabel('An ID token').check()
    const add = page.getByRole('button', { name: 'Add to claims' })
    const values = page.getByLabel('One of *', { exact: true })
    for (const [index, value] of ['first', 'second'].entries()) {
      await add.click()
      await values.nth(index).fill(value)
    }
    await page.getByRole('button', { name: 'Remove claims 1' }).click()
    await expect.poll(() => values.count()).toBe(1)
    expect(await values.inputValue()).toBe('second')
    expect(await page.evaluate(() => document.activeElement?.querySelector('legend')?.textContent)).toBe('Claims')
  })
})

describe('a form that is not saved', () => {
  it('is left by no way inside the page without a question', async () => {
    const page = await openForm('scale')
    await page.getByLabel('Name *', { exact: true }).fill('kept')
    const asked: string[] = []
    page.on('dialog', dialog => {
      asked.push(dialog.message())
      void dialog.dismiss()
    })
    const path = new URL(page.url()).pathname
    const ways: readonly (() => Promise<unknown>)[] = [
      () => page.evaluate(() => history.back()),
      () => page.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name: 'Hooks' }).click(),
      () => page.getByRole('link', { name: 'Signed in as playground' }).click(),
      () => page.locator('select#namespace').selectOption('*'),
    ]
    const namespace = await page.locator('select#namespace').inputValue()
    for (const [index, leave] of ways.entries()) {
      await leave()
      await expect.poll(() => asked.length).toBe(index + 1)
      await expect.poll(() => new URL(page.url()).pathname).toBe(path)
      expect(await page.getByLabel('Name *', { exact: true }).inputValue()).toBe('kept')
      expect(await page.locator('select#namespace').inputValue()).toBe(namespace)
    }
    page.removeAllListeners('dialog').once('dialog', dialog => void dialog.accept())
    await page.getByRole('link', { name: 'Cancel' }).click()
    await page.locator('.row').first().waitFor()
  })

  it('is left by no key, and a key chooses in it as in every form', async () => {
    const page = await openForm('scale')
    const [up, down] = [page.getByLabel('up', { exact: true }), page.getByLabel('down', { exact: true })]
    await up.check()
    for (const key of ['n', '/', 'Escape']) await page.keyboard.press(key)
    await page.keyboard.press('ArrowDown')
    expect([await up.isChecked(), await down.isChecked()]).toEqual([false, true])
    expect(new URL(page.url()).pathname).toBe('/new')
    await page.goto(new URL('/hooks/shop/web-up', page.url()).href)
    await page.getByText('With a body').click()
    await page.locator('#try-body').fill('{}')
    await page.keyboard.press('Escape')
    expect(new URL(page.url()).pathname).toBe('/hooks/shop/web-up')
    await page.keyboard.press('Escape')
    await page.locator('.row').first().waitFor()
  })
})

it('a menu gives the focus back to its row, regardless of what is chosen', async () => {
  const { page } = await visit()
  await page.goto(playground.link())
  const more = page.getByRole('button', { name: 'More for web-down' })
  const hasFocus = (): Promise<boolean> => more.evaluate(button => button === document.activeElement)
  await more.click()
  await page.getByRole('button', { name: 'Suspend web-down' }).click()
  await expect.poll(hasFocus).toBe(true)
  await more.click()
  await page.getByRole('button', { name: 'Rotate web-down' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await expect.poll(hasFocus).toBe(true)
})

it('a rotation waits until the page knows how long the hook accepts its old URL', async () => {
  await playground.createHook('slow', { ...scaleSpec('web'), token: { overlap: '24h' } })
  const { page } = await visit()
  await page.goto(playground.link())
  let answer = (): void => undefined
  const mayAnswer = new Promise<void>(resolve => (answer = resolve))
  await page.route('**/api/hooks/shop/slow', async route => {
    await mayAnswer
    await route.continue()
  })
  await page.getByRole('button', { name: 'More for slow' }).click()
  await page.getByRole('button', { name: 'Rotate slow' }).click()
  const rotate = page.getByRole('dialog').getByRole('button', { name: 'Rotate' })
  expect(await rotate.getAttribute('aria-disabled')).toBe('true')
  answer()
  await rotate.click()
  await page.getByText('the old one works for another 24h').waitFor()
})

describe('a dialog gives the focus back to the button that opened it', () => {
  it.each([
    ['of the help', '/', 'Help'],
    ['of a run', '/hooks/shop/web-up', 'Run it for real …'],
    ['of a stop', '/', 'Stop all hooks…'],
  ])('%s', async (_what, path, name) => {
    const { page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await page.goto(new URL(path, page.url()).href)
    const opener = page.getByRole('button', { name, exact: true })
    await opener.click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => opener.evaluate(button => button === document.activeElement)).toBe(true)
  })
})

describe('a hook that somebody else changes while it is edited', () => {
  /** Makes a hook, and changes its minimum in a form that is not saved. */
  const editing = async (name: string) => {
    await playground.createHook(name, scaleSpec('web', { max: 5 }))
    const { page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await page.goto(new URL(`/hooks/shop/${name}/edit`, page.url()).href)
    await page.getByLabel('Minimum').fill('2')
    await accepted(page)
    return page
  }

  it('is shown as theirs where they made it again, and can be saved', async () => {
    const page = await editing('again')
    await playground.api.request({
      method: 'DELETE',
      path: objectPath(hooks, 'shop', 'again'),
      lane: 'bulk',
      timeoutMs: 5_000,
    })
    await playground.createHook('again', scaleSpec('web', { max: 7 }))
    await page.getByRole('button', { name: 'Start again with their change' }).click()
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Edit again')
    await accepted(page)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.waitForURL('**/hooks/shop/again')
    expect(await specOf('again')).toMatchObject({ scale: { max: 7 } })
  })

  it('is shown, saves nothing, and what was typed stays until the form begins again', async () => {
    const page = await editing('shared')
    await send(playground.api, {
      method: 'PATCH',
      path: objectPath(hooks, 'shop', 'shared'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { cooldown: '1m', scale: { max: 7, min: 3 } } }),
    })
    const changes = page.getByRole('alert').filter({ hasText: 'changed this hook' })
    await changes.getByText('Copy your YAML', { exact: false }).waitFor()
    await page.getByText('Nothing is saved, because').waitFor()
    expect(await page.getByLabel('Minimum').inputValue()).toBe('2')
    await picture(page, 'conflict')
    await expectAccessible(page, 'conflict')
    await page.getByRole('button', { name: 'Start again with their change' }).click()
    await expect.poll(() => page.getByLabel('Minimum').inputValue()).toBe('3')
    await accepted(page)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.waitForURL('**/hooks/shop/shared')
    expect(await specOf('shared')).toMatchObject({ cooldown: '1m', scale: { max: 7, min: 3 } })
  })
})
