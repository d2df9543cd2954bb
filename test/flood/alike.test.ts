import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import { hookCollection, names, openStage, type Stage } from '../../bench/stage.ts'
import { quantile } from '../../bench/stats.ts'
import { at, parseJson } from '../../src/api/json.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { signedToken, signingKey, testIssuer } from '../support/issuer.ts'

/** How many posts of each kind there are. */
const posts = process.env['FLOOD'] === 'sample' ? 300 : 10_000

/** How many hooks of each form there are: one name may fail 20 times a second, and 200 times at once. */
const hooksOfForm = 50

/** From how many addresses of loopback posts come, one after another each: an address may fail as often as a name. */
const sources = 240

/** The chance to call two series different that are not, of each comparison. */
const wrongly = 1e-6

const bundles = makeBundles()
let stage: Stage
beforeAll(async () => {
  stage = await openStage(bundles, { inMemory: false, quick: true })
}, 60_000)
afterAll(async () => {
  await stage.stop()
  bundles.remove()
})

type Headers = Readonly<Record<string, string>>

interface Form {
  readonly auth: object
  /** A proof of the right form that is not the hook's. */
  readonly wrong: { readonly headers: Headers; readonly path?: string }
}

/** Returns the text as it arrives, without the date, and how long it took, in milliseconds. */
const post = (agent: Agent, url: URL, headers: Headers): Promise<{ readonly text: string; readonly ms: number }> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': '2' } }, answer => {
      const parts: Uint8Array[] = []
      answer.on('data', (part: Uint8Array) => parts.push(part))
      answer.on('end', () => {
        const heads = answer.rawHeaders.filter((_, index, all) => all[index - (index % 2)]?.toLowerCase() !== 'date')
        const ms = performance.now() - began
        resolve({ ms, text: [answer.statusCode, answer.statusMessage, ...heads, Buffer.concat(parts)].join('\n') })
      })
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end('{}')
  })

/** Returns the largest difference of two distributions (Kolmogorov and Smirnov), between 0 and 1. */
const apart = (one: readonly number[], other: readonly number[]): number => {
  const [a, b] = [one.toSorted((x, y) => x - y), other.toSorted((x, y) => x - y)]
  let [i, j, most] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i] ?? 0, b[j] ?? 0)
    while ((a[i] ?? Infinity) <= value) i++
    while ((b[j] ?? Infinity) <= value) j++
    most = Math.max(most, Math.abs(i / a.length - j / b.length))
  }
  return most
}

/** Returns above which difference two series of `count` values come from different distributions, but for a chance of `wrongly`. */
const critical = (count: number): number => Math.sqrt(-Math.log(wrongly / 2) / count)

const formsWith = async (issuerUrl: string): Promise<Readonly<Record<string, Form>>> => {
  const entry = (key: string) => ({ secretKeyRef: { name: 'sender', key } })
  const claims = { iss: issuerUrl, aud: 'flooded', repository_id: '7' }
  const iat = Math.floor(Date.now() / 1000)
  const token = await signedToken(await signingKey('known'), { ...claims, iat, exp: iat + 3600 })
  const signature = '0'.repeat(64)
  return {
    'no proof': { auth: { bearer: entry('word') }, wrong: { headers: {} } },
    bearer: { auth: { bearer: entry('word') }, wrong: { headers: { authorization: 'Bearer wrong' } } },
    basic: {
      auth: { basic: { secretRef: { name: 'user' } } },
      wrong: { headers: { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` } },
    },
    header: { auth: { header: { name: 'X-Word', ...entry('word') } }, wrong: { headers: { 'x-word': 'wrong' } } },
    hmac: {
      auth: { hmac: { header: 'X-Signature', ...entry('word') } },
      wrong: { headers: { 'x-signature': signature } },
    },
    'standard webhooks': {
      auth: { standardWebhooks: entry('whsec') },
      wrong: {
        headers: { 'webhook-id': 'a', 'webhook-timestamp': String(iat), 'webhook-signature': `v1,${signature}` },
      },
    },
    'ID token': {
      auth: { oidc: { issuer: issuerUrl, audience: 'flooded', claims: [{ name: 'repository_id', oneOf: ['7'] }] } },
      wrong: { headers: { authorization: `Bearer ${token}` } },
    },
    path: { auth: { path: entry('word') }, wrong: { headers: {}, path: '/a-wrong-secret-of-thirty-two-characters' } },
  }
}

const secretsOfSenders = [
  {
    metadata: { name: 'sender' },
    stringData: {
      word: 'a-word-of-at-least-thirty-two-characters',
      whsec: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    },
  },
  {
    metadata: { name: 'user' },
    type: 'kubernetes.io/basic-auth',
    stringData: { username: 'user', password: 'a-word-of-at-least-thirty-two-characters' },
  },
]

/** Waits until the controller has looked at all hooks. */
const areObserved = async (): Promise<void> => {
  for (;;) {
    const { body } = await stage.server.api.request({
      method: 'GET',
      path: hookCollection,
      lane: 'bulk',
      timeoutMs: 60_000,
    })
    const items: unknown = at(parseJson(body), 'items')
    if (Array.isArray(items) && items.every(item => at(item, 'status', 'observedGeneration') === 1)) return
    await sleep(100)
  }
}

it(
  `${posts} wrong proofs of each form at a named URL are answered like as many at names of no hook: equal bytes, and times as far apart as two runs of one`,
  { timeout: 900_000 },
  async () => {
    const issuer = await testIssuer([(await signingKey('known')).jwk])
    const forms = await formsWith(issuer.url)
    for (const secret of secretsOfSenders) {
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', ...secret })
      await send(stage.server.api, { method: 'POST', path: collectionPath(secrets, 'shop'), body })
    }
    const hookNames = Object.values(forms).map((form, index) => ({
      form,
      names: names(`hook${index}`, hooksOfForm),
    }))
    for (const { form, names } of hookNames) {
      await stage.deployments(names)
      await stage.hooks(names, 'up', { auth: form.auth, token: { url: 'named' } })
    }
    const { origin } = await stage.product(undefined, ['--oidc-issuer', issuer.url])
    await areObserved()

    const kinds = Object.entries(forms).flatMap(([title, { wrong }], index) => {
      const urlOf = (name: string): URL => new URL(`${origin}/v1/hooks/shop/${name}${wrong.path ?? ''}`)
      const there = (turn: number): URL => urlOf(`hook${index}-${String(turn % hooksOfForm).padStart(5, '0')}-up`)
      const none = (word: string) => (turn: number) => urlOf(`${word}${index}-${String(turn).padStart(5, '0')}-up`)
      return [
        { title, of: 'a hook', url: there },
        { title, of: 'no hook', url: none('none') },
        { title, of: 'no hook, again', url: none('noon') },
      ].map(kind => ({ ...kind, headers: wrong.headers, times: [] as number[], texts: new Set<string>(), unread: 0 }))
    })
    // Kinds take turns, so that all of them meet the same disturbances.
    const turns = Array.from({ length: posts }, (_, turn) => kinds.map(kind => ({ kind, turn })))
      .flat()
      .values()
    const failures: string[] = []
    const worker = async (number: number): Promise<void> => {
      const localAddress = `127.0.${1 + Math.floor(number / 200)}.${1 + (number % 200)}`
      const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress })
      for (const { kind, turn } of turns) {
        const { ms, text } = await post(agent, kind.url(turn), kind.headers)
        // Without a proof that the cache is current, most names get 503.
        const isUnread = text.startsWith('503\n') && text.includes('ApiUnreachable')
        if (isUnread) kind.unread += 1
        else if (!text.startsWith('401\n')) failures.push(text)
        kind.times.push(ms)
        kind.texts.add(text)
      }
      agent.destroy()
    }
    const beganAt = performance.now()
    await Promise.all(Array.from({ length: sources }, (_, number) => worker(number)))
    const seconds = (performance.now() - beganAt) / 1000
    expect(failures.slice(0, 3)).toEqual([])

    const limit = critical(posts)
    console.log(`${posts * kinds.length} posts in ${seconds.toFixed(0)} s; different from ${limit.toFixed(3)} on`)
    const found = Object.keys(forms).map(title => {
      const [hook, none, again] = kinds.filter(kind => kind.title === title)
      if (!hook || !none || !again) throw new Error('each form has three kinds')
      const texts = new Set([...hook.texts, ...none.texts, ...again.texts])
      const [distance, ofOne] = [apart(hook.times, none.times), apart(none.times, again.times)]
      const unread = [hook, none].map(kind => kind.unread).join(' and ')
      const p50 = [hook, none].map(({ times }) => `${quantile(times, 0.5).toFixed(1)} ms`).join(' and ')
      console.log(
        `${title.padEnd(18)} ${distance.toFixed(3)} apart, two runs of none ${ofOne.toFixed(3)}; p50 ${p50}; ${texts.size} text; ${unread} unread`,
      )
      const differently = Math.abs(hook.unread - none.unread) / posts
      return { title, isApart: distance > limit || differently > limit, texts: texts.size }
    })
    const said = kinds.some(({ unread }) => unread > 0) ? 2 : 1
    expect(found.filter(({ isApart, texts }) => isApart || texts > said)).toEqual([])
  },
)
