import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { notification } from '../../support/alertmanager.ts'
import { postUntilDone, until } from '../../support/product.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { leasing, trigger } from './installed.ts'
import { sampleOf, type Sample } from './leased.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 300_000)
afterAll(() => controlPlane.stop())

const hookOf = (action: 'up' | 'down', by: number) => ({
  ...{ name: action, target: 'web', action, by, max: 100, spec: { for: '8s' } },
})

it('leases that a restored snapshot of etcd has open end after the restore, since the triggers end and are started again', async () => {
  const { changeEtcd, folder, kubeconfig } = controlPlane
  const here = await leasing(kubeconfig, { web: 5 }, [hookOf('up', 3), hookOf('down', 2)])
  const serving = await trigger(here)
  await serving.start()
  const lease = async (hook: string, group: string) => {
    const labels = { groupLabels: { alertname: group }, groupKey: `{}:{alertname="${group}"}` }
    const url = `http://127.0.0.1:${serving.port}${here.pathOf(hook)}`
    return await postUntilDone(url, { ...notification('firing', 'first notification'), ...labels })
  }
  // The API server is away for a moment now and then.
  const seen = (wanted: (sample: Sample) => boolean) =>
    until(
      () => sampleOf(here).catch(() => undefined),
      sample => sample !== undefined && wanted(sample),
      120_000,
    )
  const isOver = ({ claimed, counts, open }: Sample): boolean => open + claimed === 0 && counts['web'] === 5

  expect((await lease('up', 'A')).body).toMatchObject({ from: 5, to: 8 })
  expect((await lease('down', 'B')).body).toMatchObject({ from: 8, to: 6 })
  const snapshot = join(folder, 'snapshot')
  await changeEtcd(data => cp(data, snapshot, { recursive: true }))
  await lease('up', 'C')
  await seen(isOver)

  await changeEtcd(async data => {
    await rm(data, { recursive: true })
    await cp(snapshot, data, { recursive: true })
  })
  expect((await seen(() => true))?.counts['web']).toBe(6)
  expect(await serving.ended()).toBe(4)
  await serving.start()
  await seen(isOver)
}, 600_000)
