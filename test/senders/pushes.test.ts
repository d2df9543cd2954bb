import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { confirmationOf, deliveryOf } from '../../src/senders/registry.ts'
import { knownBodies } from './bodies.ts'

const read = (json: unknown, headers: Readonly<Record<string, string>> = {}) => deliveryOf({ headers, json })

it('the page on rollouts lists each registry, and whether its posts have its host and a digest', () => {
  const page = readFileSync('docs/how-to/redeploy-on-push.md', 'utf8')
  const rows = [...page.matchAll(/^\| [^|]+ \| `([a-z-]+)` \| (yes|no) \| (yes|no) \|/gm)].map(row =>
    row.slice(1, 4).join(' '),
  )
  const pushing = knownBodies.filter(({ says }) => says.pushes)
  const word = (does: boolean | undefined): string => (does ? 'yes' : 'no')
  const read = [...new Set(pushing.map(({ sender }) => sender))].map(sender => {
    const pushes = pushing.filter(known => known.sender === sender).flatMap(({ says }) => says.pushes ?? [])
    const hosts = pushes.some(push => !push.startsWith('?'))
    return [sender, word(hosts), word(pushes.some(push => push.includes('@')))].join(' ')
  })
  expect(rows.sort()).toEqual(read.sort())
})

describe('a validation of Event Grid', () => {
  const type = 'Microsoft.EventGrid.SubscriptionValidationEvent'
  const linkOf = (validationUrl: unknown) =>
    confirmationOf({ headers: {}, json: [{ eventType: type, topic: '/a', data: { validationUrl } }] })?.link

  it('brings the link that a person has to open', () => {
    const link = 'https://rp-eastus2.eventgrid.azure.net:553/eventsubscriptions/a/validate?id=1'
    expect(linkOf(link)).toBe(link)
  })

  it.each([
    'https://eventgrid.azure.net.example.com/validate',
    'http://rp-eastus2.eventgrid.azure.net/validate',
    'https://rp-eastus2.eventgrid.azure.net@example.com/validate',
    'https://someone@rp-eastus2.eventgrid.azure.net/validate',
    'javascript:alert(1)',
    1,
    undefined,
  ])('brings no link to anybody else: %j', link => {
    expect(linkOf(link)).toBeUndefined()
  })

  // Nobody signs it, and the record of the hook stores it.
  const confirmation = (topic: unknown, validationUrl = 'https://a.eventgrid.azure.net/') =>
    confirmationOf({ headers: {}, json: [{ eventType: type, topic, data: { validationUrl } }] })
  const registry =
    '/subscriptions/6f1a7e0e-0b4c-4e4a-9a5e-2c1d1f0b5a77/resourceGroups/läden_(eu)/providers/Microsoft.ContainerRegistry/registries/acme'

  it('names the registry', () => {
    expect(confirmation(registry)?.subject).toBe(registry)
  })

  it('keeps the beginning of a long name', () => {
    const subject = confirmation(`/${'x'.repeat(1_000_000)}`)?.subject
    expect(subject).toBe(`/${'x'.repeat(254)}…`)
  })

  it.each([undefined, 1, '', 'anything', '/a\u001b[2J', '/a\nb', '/a b', '/<b>', '/https://a.example'])(
    'keeps no name that is none of a resource: %j',
    topic => {
      expect(confirmation(topic)?.subject).toBe('')
    },
  )

  it.each([
    ['as it is sent', `https://a.eventgrid.azure.net/${'x'.repeat(1_000_000)}`],
    ['once a browser has read it', `https://a.eventgrid.azure.net/${'"'.repeat(1000)}`],
  ])('brings no link that is too long %s', (_name, link) => {
    expect(confirmation('/a', link)).toBeUndefined()
  })
})

describe('a time', () => {
  it('of Alibaba Cloud, which has no zone, is one in China', () => {
    const json = {
      push_data: { tag: 'a', pushed_at: '2016-11-29 12:25:46' },
      repository: { region: 'cn-hangzhou', repo_full_name: 'a/b' },
    }
    expect(read(json).pushes?.[0]?.at).toBe(Date.UTC(2016, 10, 29, 4, 25, 46))
  })

  it('of Gitea is not read: it is when the tag was first pushed', () => {
    const item = {
      type: 'container',
      owner: { login: 'a' },
      name: 'b',
      version: 'c',
      created_at: '2026-01-01T10:00:00Z',
    }
    const [push] = read({ action: 'created', package: item }, { 'x-gitea-event': 'package' }).pushes ?? []
    expect(push).toEqual({ path: 'a/b', tag: 'c' })
  })
})

describe('a notification of Quay with many tags', () => {
  /** Makes a notification that counts how often its repository is read. */
  const withTags = (count: number) => {
    const reads: number[] = []
    const json = {
      updated_tags: Array.from({ length: count }, (_, index) => `t${index}`),
      get docker_url() {
        reads.push(count)
        return `quay.io/${'x/'.repeat(100)}web`
      },
    }
    return { delivery: () => read(json), reads }
  }

  it('is read to the last tag, and its repository is parsed once', () => {
    const one = withTags(1)
    one.delivery()
    const { delivery, reads } = withTags(256)
    expect(delivery().pushes).toHaveLength(256)
    expect(reads).toHaveLength(one.reads.length)
  })

  it('is not read if it has more, and says so', () => {
    expect(withTags(16_000).delivery()).toEqual({
      sender: 'quay',
      phase: 'none',
      unreadable: 'the body of quay reports 16000 pushes: a post with more than 256 is not read',
    })
  })

  it('and so are the events of any registry', () => {
    const events = Array.from({ length: 257 }, (_, id) => ({
      id: `${id}`,
      action: 'push',
      target: { repository: 'acme/web', tag: `t${id}` },
    }))
    expect(read({ events: events.slice(1) }).pushes).toHaveLength(256)
    expect(read({ events }).unreadable).toMatch(/reports 257 pushes/)
    const pulls = events.map(event => ({ ...event, action: 'pull' }))
    expect(read({ events: [...pulls, ...events.slice(1)] }).pushes).toHaveLength(256)
  })
})

describe('a tag of what is attached to an image', () => {
  const hex = 'a'.repeat(64)
  const pushed = (tag: string) =>
    [
      { push_data: { tag }, repository: { repo_name: 'acme/web' } },
      { events: [{ id: '1', action: 'push', target: { repository: 'acme/web', tag } }] },
      { updated_tags: [tag], docker_url: 'quay.io/acme/web' },
    ].map(body => read(body))

  it.each([`sha256-${hex}.sig`, `sha256-${hex}.att`, `sha256-${hex}.sbom`, `sha256-${hex}`, `sha512-${hex}`])(
    'is no push of an image: %s',
    tag => {
      for (const { phase, pushes, unreadable } of pushed(tag))
        expect([phase, pushes, unreadable]).toEqual(['no news', undefined, undefined])
    },
  )

  it.each(['sha-abc1234', `sha256-${'a'.repeat(40)}`, `v1-sha256-${hex}`, `sha256-${hex}.sig-1`])(
    'is not this one: %s',
    tag => {
      for (const { pushes } of pushed(tag)) expect(pushes).toMatchObject([{ tag }])
    },
  )
})

describe('a body that resembles that of a registry', () => {
  it.each<[string, unknown]>([
    ['events without targets', { events: [{ action: 'push' }] }],
    ['an action without a target', { action: 'push' }],
    ['another topic of Pub/Sub', { message: { data: 'eyJhIjoxfQ==', messageId: '1' }, subscription: 'projects/a' }],
    ['another domain of JFrog', { domain: 'artifact', event_type: 'deployed', data: {} }],
    ['an event of a type', { type: 'PUSH_ARTIFACT' }],
  ])('is a post like any other: %s', (_name, json) => {
    expect(read(json)).toEqual({ sender: 'plain', phase: 'none' })
  })

  it('is a CloudEvent where it is of another type', () => {
    const event = { specversion: '1.0', id: '1', source: '/a', type: 'harbour.artifact.pushed' }
    expect(read(event).sender).toBe('cloudevents')
  })
})
