import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { version } from '../../src/version.ts'
import { post } from '../support/product.ts'
import { ours, rolledOut, serviceIP } from './installed.ts'
import { formerReference, formerSource } from './parts/former.ts'
import { workFolder } from './parts/work.ts'
import { postingThrough } from './posting.ts'
import { openShop } from './shop.ts'
import { succeed } from './support.ts'

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
    await succeed('kubectl apply -k deploy/kustomize/base')
    await rolledOut()
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
      'helm install receiver-hooks deploy/helm/receiver-hooks --namespace receiver-hooks --take-ownership --force-conflicts --wait --timeout 110s',
    )
    await rolledOut()
  })
  expect(await shop.path()).toBe(before)
  await succeed('helm uninstall receiver-hooks --namespace receiver-hooks --wait')
})
