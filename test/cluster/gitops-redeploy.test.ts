import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { create, read } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { listAt, nameOf, objectsIn } from '../deploy/manifests.ts'
import { inNamespaceOf } from '../gitops/page.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'
import { cluster, deployments, post, product, until, type Cluster } from '../support/product.ts'

/** How each applies a manifest by default, in kubectl's words. */
const tools = [
  { tool: 'Flux', flags: ['--server-side', '--force-conflicts', '--field-manager=kustomize-controller'] },
  { tool: 'Argo CD', flags: ['--field-manager=argocd-controller'] },
  { tool: 'kubectl apply', flags: [] },
] as const

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

/** Returns a Deployment as it stands in Git, with these containers. */
const manifest = (name: string, containers: Readonly<Record<string, string>>, paused = false) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { team: 'shop' } },
  spec: {
    paused,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: Object.entries(containers).map(([container, image]) => ({ name: container, image })) },
    },
  },
})

const apply = (here: Cluster, flags: readonly string[], object: object): Promise<Ran> =>
  kubectl(here.kubeconfig, ['-n', here.namespace, 'apply', ...flags, '-f', '-'], JSON.stringify(object))

/** Sets up a Deployment from Git that runs `image`, a hook on it, and what posts a push to that. */
const setUp = async (flags: readonly string[], image: string, redeploy: object) => {
  const here = await cluster()
  await product(here)
  expect(await apply(here, flags, manifest('web', { app: image, side: 'envoy:1' }))).toMatchObject({
    code: 0,
    stderr: '',
  })
  const spec = { driver: 'redeploy', redeploy: { target: { kind: 'Deployment', name: 'web' }, ...redeploy } }
  await create(here.api, hooks, here.namespace, { apiVersion, kind: hookKind, metadata: { name: 'web-push' }, spec })
  const url = await here.url('web-push')
  return {
    here,
    pushed: async (pushed: string): Promise<string> => {
      const { body, status } = await post(url, { image: pushed })
      return `${status} ${String(body['reason'])}`
    },
    template: async () => {
      const object = await read(here.api, deployments, here.namespace, 'web')
      const containers = listAt(object, 'spec', 'template', 'spec', 'containers')
      return {
        images: containers.map(container => stringAt(container, 'image')),
        pushed: at(object, 'spec', 'template', 'metadata', 'annotations', 'pushed.receiverhooks.dev/app'),
        paused: at(object, 'spec', 'paused') ?? false,
      }
    },
  }
}

describe.each(tools)('together with $tool', ({ flags }) => {
  it('an image that a push has set is set back, and a container that Git drops is gone', async () => {
    const { here, pushed, template } = await setUp(flags, 'acme/web:1.0.0', { tags: { semver: '*' } })
    expect(await pushed('acme/web:1.0.1')).toBe('200 RolledOut')
    expect((await template()).images).toEqual(['acme/web:1.0.1', 'envoy:1'])
    expect(await apply(here, flags, manifest('web', { app: 'acme/web:1.0.0' }))).toMatchObject({ code: 0, stderr: '' })
    expect((await template()).images).toEqual(['acme/web:1.0.0'])
    expect(await pushed('acme/web:1.0.2')).toBe('200 RolledOut')
    expect((await template()).images).toEqual(['acme/web:1.0.2'])
  })

  it('a push of a moving tag stays, regardless of what else Git changes', async () => {
    const { here, pushed, template } = await setUp(flags, 'acme/web:stable', {})
    for (const letter of ['a', 'b']) {
      expect(await pushed(`acme/web:stable@${digest(letter)}`)).toBe('200 RolledOut')
      const paused = letter === 'a'
      const changed = manifest('web', { app: 'acme/web:stable', side: `envoy:${letter}` }, paused)
      expect(await apply(here, flags, changed)).toMatchObject({ code: 0, stderr: '' })
      const images = ['acme/web:stable', `envoy:${letter}`]
      expect(await template()).toEqual({ images, pushed: digest(letter), paused })
    }
    expect(await pushed(`acme/web:stable@${digest('b')}`)).toBe('200 Duplicate')
  })
})

it('a server-side apply without force reports a conflict with the manager receiver-hooks, once a push came between', async () => {
  const flags = ['--server-side', '--field-manager=somebody']
  const { here, pushed, template } = await setUp(flags, 'acme/web:1.0.0', { tags: { semver: '*' } })
  expect(await pushed('acme/web:1.0.1')).toBe('200 RolledOut')
  const { code, stderr } = await apply(here, flags, manifest('web', { app: 'acme/web:1.0.0', side: 'envoy:1' }))
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/conflict with "receiver-hooks" using apps\/v1:?\s+.*\.image/s)
  expect((await template()).images).toEqual(['acme/web:1.0.1', 'envoy:1'])
})

it('the hooks of the examples are taken as they stand, and each rolls out what it says', async () => {
  const here = await cluster()
  await product(here)
  const text = inNamespaceOf(here, readFileSync('deploy/examples/redeploy.yaml', 'utf8'))
  const applied = await kubectl(here.kubeconfig, ['apply', '--validate=strict', '-f', '-'], text)
  expect(applied).toMatchObject({ code: 0, stderr: '' })
  const workloads = [
    manifest('web', { app: 'acme/web:stable' }),
    manifest('api', { app: 'ghcr.io/acme/api:1.4.0' }),
    manifest('worker', { app: 'registry.example.com/acme/worker:main-1' }),
  ]
  for (const object of workloads) expect(await apply(here, [], object)).toMatchObject({ code: 0, stderr: '' })
  const names = objectsIn(text).map(nameOf)
  expect(names).toEqual(['web-stable', 'api-versions', 'team-main'])
  const pushes = [
    `acme/web:stable@${digest('a')}`,
    `ghcr.io/acme/api:1.4.7@${digest('b')}`,
    'registry.example.com/acme/worker:main-2',
  ]
  for (const [index, image] of pushes.entries()) {
    const url = await here.url(names[index] ?? '')
    // A target that came after its hook is found a moment later.
    const { body } = await until(
      () => post(url, { image }),
      ({ status }) => status === 200,
    )
    expect([image, body['reason']]).toEqual([image, 'RolledOut'])
  }
  const imageOf = async (name: string): Promise<unknown> =>
    at(
      listAt(await read(here.api, deployments, here.namespace, name), 'spec', 'template', 'spec', 'containers')[0],
      'image',
    )
  expect(await Promise.all(['web', 'api', 'worker'].map(imageOf))).toEqual([
    'acme/web:stable',
    `ghcr.io/acme/api:1.4.7@${digest('b')}`,
    'registry.example.com/acme/worker:main-2',
  ])
})
