import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { deployment } from '../../test/support/objects.ts'
import { deployments } from '../../test/support/product.ts'
import type { Comparison, Measured } from '../row.ts'
import { bareURLs, names, namespace, triggerPathsOf, type Stage } from '../stage.ts'
import { quantile } from '../stats.ts'

/** How many workloads of a delivery the product writes at a time. */
const atOnce = 16

/** How many pushes a round has, one after the other. One takes a tenth of a second, and any pause of the machine shows in it. */
const pushesOfRound = 10

/** How many hooks take turns: the pushes of a run write more than the budget of one permits. */
const hooks = 8

const image = (set: string): string => `ghcr.io/acme/${set}`

/** A push of an image that many workloads run, until the post is answered. */
export const redeploy: Comparison = {
  kind: 'comparison',
  name: 'redeploy',
  title: 'a push that rolls out 150 workloads, until the post is answered',
  baseline: `a JSON Patch each, ${atOnce} at a time`,
  floor: 'a bare express handler that replaces a record, lists the workloads, and makes the same patches',
  figures: [
    { key: 'time', title: 'time', unit: 'ms', reach: { of: 'ratio', atMost: 1.2 } },
    { key: 'incomplete', title: 'posts not answered 200', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 5 : 150
    const raw = await create(stage, 'raw', count)
    await create(stage, 'pushed', count)
    const matchLabels = { set: 'pushed' }
    const spec = { image: image('pushed'), tags: { glob: '*' }, selector: { matchLabels }, kinds: ['Deployment'] }
    await stage.hooks(names('pushed', hooks), 'up', { driver: 'redeploy', scale: undefined, redeploy: spec })
    await create(stage, 'floored', count)
    const [handled = ''] = await bareURLs(stage, ['floored'], '/pushed')
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, hooks)).values()].map(path => origin + path)
    const pushesNow = stage.quick ? 1 : pushesOfRound
    let pushes = 0
    /** Makes the pushes of a round. Returns the median of their times. */
    const round = async (push: (tag: number) => Promise<number>): Promise<number> => {
      const times: number[] = []
      while (times.length < pushesNow) times.push(await push(++pushes))
      return quantile(times, 0.5)
    }
    /** Posts the pushes of a round. */
    const posted = async (set: string, urlOf: (tag: number) => string): Promise<Measured> => {
      let incomplete = 0
      const time = await round(async tag => {
        const json = JSON.stringify({ image: `${image(set)}:${tag}` })
        const once = { urls: [urlOf(tag)], json, count: 1, concurrency: 1 }
        const { elapsedMs, notes } = await stage.load.run({ job: 'post', ...once })
        incomplete += 1 - (notes['200 applied'] ?? 0)
        return elapsedMs
      })
      return { time, incomplete }
    }
    return {
      baseline: async () => {
        const time = await round(async tag => {
          const value = `${image('raw')}:${tag}`
          const body = JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/image', value }])
          return (await stage.load.run({ job: 'patch', targets: raw, body, concurrency: atOnce })).elapsedMs
        })
        return { time, incomplete: 0 }
      },
      floor: () => posted('floored', () => handled),
      product: () => posted('pushed', tag => urls[tag % hooks] ?? ''),
    }
  },
}

/** Creates Deployments of no replicas that run an image. Answers their paths. */
const create = async ({ load }: Stage, set: string, count: number): Promise<readonly string[]> => {
  const { spec, ...rest } = deployment('NAME', 0)
  const containers = [{ name: 'web', image: `${image(set)}:0` }]
  const template = JSON.stringify({
    ...rest,
    metadata: { name: 'NAME', labels: { set } },
    spec: { ...spec, template: { ...spec.template, spec: { containers } } },
  })
  const all = names(set, count)
  await load.run({ job: 'create', path: collectionPath(deployments, namespace), names: all, template })
  return all.map(name => objectPath(deployments, namespace, name))
}
