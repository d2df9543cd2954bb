import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { version } from '../../src/version.ts'
import { blockWith } from '../deploy/manifests.ts'
import { post } from '../support/product.ts'
import { ours, rolledOut, serviceIP } from './installed.ts'
import { formerReference, formerSource } from './parts/former.ts'
import { workFolder } from './parts/work.ts'
import { postingThrough } from './posting.ts'
import { openShop } from './shop.ts'
import { succeed } from './support.ts'

const page = 'docs/how-to/operate.md'
const dashboardPage = 'docs/how-to/dashboard.md'

/** Applies what people may have installed before: that image, and the manifests that came with it. */
const installFormer = async (): Promise<void> => {
  const base = join(formerSource(workFolder(process.env).folder), 'deploy/kustomize/base')
  await succeed(`kubectl kustomize ${base} | sed 's#receiver-hooks:[0-9.]*$#${formerReference}#' | kubectl apply -f -`)
  await rolledOut()
}

const images = (): Promise<string> => succeed(`${ours} get pods -o jsonpath='{.items[*].spec.containers[*].image}'`)

beforeAll(async () => {
  await succeed('kubectl delete namespace receiver-hooks --ignore-not-found')
  await installFormer()
})

it('an upgrade leaves each hook its URL, and fails no post', async () => {
  expect(new Set((await images()).split(' '))).toEqual(new Set([formerReference]))
  const shop = await openShop()
  const before = await shop.path()
  const load = await postingThrough('upgrade', async () => {
    await succeed(blockWith(page, 'console', 'apply -k'))
    await succeed(blockWith(page, 'console', 'rollout status'))
  })
  expect(load.sent).toBeGreaterThan(20)
  expect(await images()).toContain(`receiver-hooks:${version}`)
  expect(await shop.path()).toBe(before)
  expect(await post(`http://${await serviceIP()}${before}`)).toMatchObject({ status: 200, body: { to: 2 } })
})

it('from kustomize to the chart, with posts throughout, leaves each hook its URL', async () => {
  const shop = await openShop()
  const before = await shop.path()
  await postingThrough('to the chart', async () => {
    await succeed(
      'helm upgrade --install receiver-hooks deploy/helm/receiver-hooks --namespace receiver-hooks --take-ownership --force-conflicts --wait --timeout 110s --set image.registry=docker.io/library --set drivers.scale.everywhere=true',
    )
    await rolledOut()
  })
  expect(await shop.path()).toBe(before)
})

/** Returns the command of the page's last table that begins with these words. */
const ofTable = (words: string): string => {
  const [, command = ''] = new RegExp(`^\\|.*\`(${words}[^\`]*)\``, 'm').exec(readFileSync(page, 'utf8')) ?? []
  expect(command).not.toBe('')
  return command
}

it('the chart keeps its values from one upgrade to the next, and leaves the kinds and the keys, as the pages say', async () => {
  const shop = await openShop()
  const before = await shop.path()
  await succeed(blockWith(dashboardPage, 'console', '--set dashboard.enabled'))
  await succeed(blockWith(dashboardPage, 'console', '--set dashboard.signIn'))
  await succeed(blockWith(page, 'console', 'helm upgrade'))
  const args = await succeed(`${ours} get deployment receiver-hooks-dashboard -o jsonpath='{..containers[0].args}'`)
  expect(args).toMatch(/--sign-in=header.*--dashboard-url=https:\/\/receiver-hooks\.example\.com/)
  expect(await shop.path()).toBe(before)

  await succeed(blockWith(page, 'console', 'helm uninstall'))
  expect(await shop.path()).toBe(before)
  await succeed(`${ours} get secret receiver-hooks-signing-keys`)
  await succeed(ofTable('kubectl delete crd'))
  await succeed(ofTable('kubectl delete namespace'))
})
