import { setTimeout as sleep } from 'node:timers/promises'
import { customDefinitions } from '../../src/kube/definitions.ts'
import { apiVersionOf, collectionPath, objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { fleetDefinitionUpTo, fleets } from '../../test/support/fleets.ts'
import type { Comparison } from '../row.ts'
import { bareURLs, namespace, names, triggerPathsOf, type Stage } from '../stage.ts'
import { quantile } from '../stats.ts'

/** More posts than the budget of one hook permits to write. */
const hooks = 10

/** More than all rounds add up to. */
const maxShips = 1_000_000

/** As `unnamed`, with a target whose count is written on the object itself, since its /scale takes no apply. */
export const customResource: Comparison = {
  kind: 'comparison',
  name: 'custom-resource',
  title: 'one unnamed post at a time to a custom resource',
  baseline: 'the marked JSON Patch alone',
  floor: 'a bare express handler in front of the same patch',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 1.3 } },
    { key: 'p99', title: 'p99', unit: 'ms' },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 30 : 1000
    await define(stage)
    const [hooked, raw, floored] = [names('hooked', hooks), names('raw', hooks), names('floor', hooks)]
    await create(stage, [...hooked, ...raw, ...floored])
    await stage.hooks(hooked, 'up', {
      scale: {
        target: { apiVersion: apiVersionOf(fleets), kind: fleets.kind, name: 'NAME' },
        action: 'up',
        min: 0,
        max: maxShips,
      },
    })
    const handled = await bareURLs(stage, floored, '/size')
    const targets = raw.map(name => objectPath(fleets, namespace, name))
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, hooks)).values()].map(path => origin + path)
    const figures = ({ latencies }: { readonly latencies: readonly number[] }) => ({
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
    })
    return {
      baseline: async () =>
        figures(await stage.load.run({ job: 'write', targets, member: 'size', count, concurrency: 1 })),
      floor: async () => figures(await stage.load.run({ job: 'post', urls: handled, count, concurrency: 1 })),
      product: async () => figures(await stage.load.run({ job: 'post', urls, count, concurrency: 1 })),
    }
  },
}

const define = async ({ server: { api } }: Stage): Promise<void> => {
  const body = JSON.stringify(fleetDefinitionUpTo(maxShips))
  await send(api, { method: 'POST', path: collectionPath(customDefinitions), body })
  const path = collectionPath(fleets)
  while ((await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })).status !== 200) await sleep(50)
}

/** Creates the objects. Each has annotations already, as most objects do, so that no patch has to make them. */
const create = async ({ load }: Stage, all: readonly string[]): Promise<void> => {
  const template = JSON.stringify({
    apiVersion: apiVersionOf(fleets),
    kind: fleets.kind,
    metadata: { name: 'NAME', annotations: { colour: 'blue' } },
    spec: { size: 0 },
  })
  await load.run({ job: 'create', path: collectionPath(fleets, namespace), names: all, template })
}
