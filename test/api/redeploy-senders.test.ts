import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { collectionPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { knownBodies, type KnownBody } from '../senders/bodies.ts'
import { cluster, postUntilDone, product, type Posted, withAnswer } from '../support/product.ts'

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/** A container that runs something else, which no post may touch. */
const bystander = { name: 'bystander', image: 'registry.example.com/acme/other:latest' }

/** Sets up a Deployment that runs an image under a former tag, and a hook that takes any tag of it. */
const setUp = async (image: string) => {
  const here = await cluster()
  await product(here)
  const containers = [{ name: 'app', image }, bystander]
  const labels = { app: 'web' }
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } }
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec }
  const path = collectionPath(deployments, here.namespace)
  await send(here.api, { method: 'POST', path, body: JSON.stringify(deployment) })
  const redeploy = { target: { kind: 'Deployment', name: 'web' }, tags: { glob: '*' } }
  const hook = { apiVersion, kind: hookKind, metadata: { name: 'web-push' }, spec: { driver: 'redeploy', redeploy } }
  await create(here.api, hooks, here.namespace, hook)
  const url = await here.url('web-push')
  const deliver = async (body: string, headers: object = {}): Promise<string> =>
    said(
      await postUntilDone(withAnswer(url), undefined, {
        headers: { 'content-type': 'application/json', ...headers },
        body,
      }),
    )
  return {
    deliver,
    send: ({ message: { headers, json } }: KnownBody): Promise<string> => deliver(JSON.stringify(json), headers),
    stored: async (): Promise<StoredObject> => {
      const object = await read(here.api, deployments, here.namespace, 'web')
      if (!object) throw new Error('there is no Deployment/web')
      return object
    },
  }
}

const said = ({ body, status }: Posted): string =>
  `${status} ${stringAt(body, 'outcome') ?? '-'} ${String(body['reason'])}`

const imagesOf = (object: StoredObject): readonly unknown[] =>
  listAt(object, 'spec', 'template', 'spec', 'containers').map(container => at(container, 'image'))

/** Returns a pushed image by the name that a container pulls it under. A registry whose body has no host is known by its path. */
const imageOf = (push: string): string => (push.split('@')[0] ?? '').replace(/^\?/, 'registry.example.com:8082')

const withTag = (image: string, tag: string): string => `${image.slice(0, image.lastIndexOf(':'))}:${tag}`

const registries = [...new Set(knownBodies.filter(({ says }) => says.pushes).map(({ sender }) => sender))]

describe('what is pushed to a registry', () => {
  it.each(registries)(
    'is rolled out by the body of %s, and by none of its others is anything written',
    async sender => {
      const bodies = knownBodies.filter(known => known.sender === sender)
      const [pushed] = bodies.filter(({ says }) => says.pushes?.length === 1)
      const image = imageOf(pushed?.says.pushes?.[0] ?? '')
      if (!pushed) throw new Error(`no body of ${sender} reports one push`)
      const { deliver, send: sent, stored } = await setUp(withTag(image, 'former'))

      const before = await stored()
      for (const silent of bodies.filter(({ says }) => says.unreadable || says.phase === 'no news')) {
        const wanted = silent.says.unreadable ? '400 - PushUnreadable' : '200 skipped NoNews'
        expect(`${silent.name}: ${await sent(silent)}`).toBe(`${silent.name}: ${wanted}`)
      }
      // What is nested deeply is refused before any sender sees it.
      const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`
      const opened = (text: string): string => (text === '{' ? `{"nested":${deep},` : `[${deep},`)
      const nested = JSON.stringify(pushed.message.json).replace(/^[{[]/, opened)
      expect(await deliver(nested, pushed.message.headers)).toMatch(/^400 - /)
      expect(await stored()).toEqual(before)

      expect(await sent(pushed)).toBe('200 applied RolledOut')
      expect(imagesOf(await stored())).toEqual([image, bystander.image])
    },
  )
})

it.each<unknown>([
  ...[{ push_data: 1 }, { push_data: null }, { push_data: [] }, { push_data: { tag: null }, repository: null }],
  ...[{ image: null }, { image: 1 }, { image: [] }, { image: {} }],
  ...[
    { action: 'push', target: null },
    { type: 'PUSH_ARTIFACT', event_data: null },
  ],
])(
  'a body that begins like that of a registry and has nothing in it is answered 400, and nothing is written: %j',
  async body => {
    const { deliver, stored } = await setUp('registry.example.com/acme/web:former')
    const before = await stored()
    expect(await deliver(JSON.stringify(body))).toBe('400 - PushUnreadable')
    expect(await stored()).toEqual(before)
  },
)

it.each<unknown>([null, [], [[]], 1, 'text', {}, { events: null }, { events: [null] }])(
  "a body that is no registry's names no image, and nothing is written: %j",
  async body => {
    const { deliver, stored } = await setUp('registry.example.com/acme/web:former')
    const before = await stored()
    expect(await deliver(JSON.stringify(body))).toBe('200 skipped NotForThisHook')
    expect(await stored()).toEqual(before)
  },
)
