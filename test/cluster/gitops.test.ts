import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { kubectl } from '../support/kubectl.ts'
import { deployment } from '../support/objects.ts'
import { cluster, post, product, type Cluster } from '../support/product.ts'
import { watchDeployment } from './loop/path.ts'

/** How the two apply a manifest by default, in kubectl's words. */
const tools = [
  { tool: 'Flux', flags: ['--server-side', '--force-conflicts', '--field-manager=kustomize-controller'] },
  { tool: 'Argo CD', flags: ['--field-manager=argocd-controller'] },
] as const

type Flags = (typeof tools)[number]['flags']

/** Returns a Deployment as it stands in Git. `replicas` is left out where it is undefined. */
const manifest = ({ namespace }: Cluster, replicas?: number, image = 'nginx:1.29') => {
  const { metadata, spec, ...object } = deployment('web', 0)
  const { replicas: _, ...rest } = spec
  const template = { ...spec.template, spec: { containers: [{ name: 'web', image }] } }
  return {
    ...object,
    metadata: { ...metadata, namespace },
    spec: { ...rest, template, ...(replicas !== undefined && { replicas }) },
  }
}

const apply = async (here: Cluster, flags: readonly string[], object: object): Promise<string> => {
  const { code, stderr, stdout } = await kubectl(
    here.kubeconfig,
    ['apply', ...flags, '-f', '-'],
    JSON.stringify(object),
  )
  expect([code, stderr]).toEqual([0, ''])
  return stdout.trim()
}

/** Sets up the Deployment from Git, with a hook up and one down to 0, and both roles. */
const setUp = async (flags: Flags, replicas?: number) => {
  const here = await cluster()
  await apply(here, flags, manifest(here, replicas))
  await product(here)
  await here.createHook('web-up', { max: 3 })
  await here.createHook('web-down', { action: 'down', min: 0 })
  const urls = { up: await here.url('web-up'), down: await here.url('web-down') }
  const step = async (direction: keyof typeof urls): Promise<unknown> => (await post(urls[direction])).body['to']
  return { ...here, step }
}

/** Applies every two seconds until the test ends, each time with another image, so that there is something to write. */
const applying = (here: Cluster, flags: Flags) => {
  let count = 0
  const end = new AbortController()
  const running = (async () => {
    for (; !end.signal.aborted; count++) {
      const said = await apply(here, flags, manifest(here, undefined, `nginx:1.29-${count}`))
      expect(said).toMatch(/configured|serverside-applied/)
      await wait(nodeClock, 2000, end.signal)
    }
  })()
  onTestFinished(async () => {
    end.abort()
    await running
  })
  return {
    /** Resolves when it was applied once more, from beginning to end. */
    once: () => {
      const wanted = count + 2
      return here.until(
        async () => count,
        now => now >= wanted,
      )
    },
  }
}

describe.each(tools)('together with $tool', ({ flags }) => {
  it('a count that is not in Git stays what the steps made of it, 0 too, however often that is applied', async () => {
    const here = await setUp(flags)
    const { seen, counts } = await watchDeployment(here, 'web')
    const { once } = applying(here, flags)
    expect([await here.step('up'), await here.step('up')]).toEqual([2, 3])
    await once()
    expect([await here.step('down'), await here.step('down'), await here.step('down')]).toEqual([2, 1, 0])
    await once()
    expect(await here.step('up')).toBe(1)
    await once()
    const wanted = await counts()
    expect(wanted).toEqual([1, 2, 3, 2, 1, 0, 1])
    expect(seen.length).toBeGreaterThan(wanted.length + 3)
  })

  it('a count that is in Git comes back with each apply, and steps go on from there', async () => {
    const here = await setUp(flags, 1)
    const { counts } = await watchDeployment(here, 'web')
    for (let time = 0; time < 2; time++) {
      expect([await here.step('up'), await here.step('up')]).toEqual([2, 3])
      await apply(here, flags, manifest(here, 1))
    }
    expect(await here.step('down')).toBe(0)
    await apply(here, flags, manifest(here, 1))
    expect(await counts()).toEqual([1, 2, 3, 1, 2, 3, 1, 0, 1])
  })

  it('a count that is taken out of Git, and that nobody has stepped since, becomes 1', async () => {
    const here = await setUp(flags, 3)
    await apply(here, flags, manifest(here))
    expect(await here.replicas('web')).toBe(1)
  })
})

const [{ flags: flux }, { flags: argo }] = tools

it.each([
  { tool: 'Flux', flags: flux, is: 'stays', count: 4 },
  { tool: 'Argo CD', flags: argo, is: 'becomes 1', count: 1 },
])('$tool: a count that was stepped and is then taken out of Git $is', async ({ count, flags }) => {
  const here = await setUp(flags, 5)
  expect(await here.step('down')).toBe(4)
  await apply(here, flags, manifest(here))
  expect(await here.replicas('web')).toBe(count)
})

it('Flux: a count that somebody else owns as well when it is taken out of Git stays', async () => {
  const here = await setUp(flux, 3)
  const { apiVersion, kind, metadata } = manifest(here)
  const count = { apiVersion, kind, metadata, spec: { replicas: 3 } }
  await apply(here, ['--server-side', '--field-manager=replicas'], count)
  await apply(here, flux, manifest(here))
  expect(await here.replicas('web')).toBe(3)
  expect(await here.step('down')).toBe(2)
  await apply(here, flux, manifest(here))
  expect(await here.replicas('web')).toBe(2)
})

it('Argo CD: a count that is taken out of what was applied last before it is taken out of Git stays', async () => {
  const here = await setUp(argo, 3)
  const set = ['apply', 'set-last-applied', '-f', '-']
  expect(await kubectl(here.kubeconfig, set, JSON.stringify(manifest(here)))).toMatchObject({ code: 0, stderr: '' })
  await apply(here, argo, manifest(here))
  expect(await here.replicas('web')).toBe(3)
})
