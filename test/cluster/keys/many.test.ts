import { expect, it } from 'vitest'
import { stringAt } from '../../../src/api/json.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { listPages } from '../../../src/kube/list.ts'
import { secrets } from '../../../src/kube/resources.ts'
import { commandLine } from '../../support/command-line.ts'
import { cluster, postUntilClear, product, until, type Cluster } from '../../support/product.ts'

const isLong = process.env['KEYS'] === 'long'

/** How many hooks there are, each with its URL in a Secret. */
const hookCount = isLong ? 1_000 : 40

/** How many hooks one target has. Posts to one target wait for one another. */
const hooksOfTarget = 10

/** How often a reader looks at the Secrets, in milliseconds. The kubelet needs up to two minutes, for mounted ones. */
const readEveryMs = isLong ? 30_000 : 2_000

const senders = 4

/** How long all hooks may take to have their URLs, in milliseconds. */
const withinMs = 120_000

const hookNames = Array.from({ length: hookCount }, (_, index) => `hook-${index}`)

/** Reads the Secrets again and again, and keeps what was read last. */
const reader = (here: Cluster, stop: AbortSignal) => {
  let read = { at: -Infinity, urls: new Map<string, string>() }
  const look = async (): Promise<void> => {
    const at = nodeClock.monotonic()
    const urls = new Map<string, string>()
    for await (const { objects } of listPages(here.api, { type: secrets, namespace: here.namespace })) {
      for (const secret of objects) {
        const url = Buffer.from(stringAt(secret, 'data', 'url') ?? '', 'base64').toString()
        if (url !== '') urls.set(secret.metadata.name, url)
      }
    }
    read = { at, urls }
  }
  return {
    look,
    run: async (): Promise<void> => {
      while (!stop.aborted) {
        await look()
        await wait(nodeClock, readEveryMs, stop)
      }
    },
    readAt: () => read.at,
    urlOf: (name: string) => read.urls.get(name) ?? '',
    size: () => read.urls.size,
  }
}

it('new signing keys, and the end of the former ones, fail no post of senders that read the Secrets', async () => {
  const here = await cluster()
  const first = await product(here)
  const second = await product(here, { controller: false })
  const ports = [first, second].map(({ triggerPort }) => triggerPort)
  for (let index = 0; index * hooksOfTarget < hookCount; index++) await here.createDeployment(`web-${index}`, 0)
  const waiting = hookNames.entries()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const [index, name] of waiting) {
        const target = { name: `web-${Math.floor(index / hooksOfTarget)}` }
        await here.createHook(name, { target, max: 1_000_000 }, { token: { secretName: name } })
      }
    }),
  )
  const over = new AbortController()
  const secretsReader = reader(here, over.signal)
  await until(
    async () => {
      await secretsReader.look()
      return secretsReader.size()
    },
    size => size === hookCount,
    withinMs,
  )

  const statuses = new Map<number, number>()
  let posts = 0
  const sendAll = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const url = new URL(secretsReader.urlOf(hookNames[posts % hookCount] ?? ''))
      url.port = String(ports[posts++ % ports.length])
      const posted = await postUntilClear(url.href)
      if (posted) statuses.set(posted.status, (statuses.get(posted.status) ?? 0) + 1)
    }
  }
  /** Waits until every hook has got a post since now. */
  const round = async (): Promise<void> => {
    const wanted = posts + hookCount + senders
    await until(
      () => Promise.resolve(posts),
      so => so >= wanted || over.signal.aborted,
      10 * withinMs,
    )
  }
  const keys = async (line: string) => {
    const args = `keys --system-namespace ${here.systemNamespace} --timeout 300s ${line}`.split(' ')
    const beganAt = nodeClock.monotonic()
    const { code, stderr, stdout } = await commandLine(here.kubeconfig, args)
    return { code, stderr, stdout, seconds: ((nodeClock.monotonic() - beganAt) / 1000).toFixed(1) }
  }
  const running = Promise.all([secretsReader.run(), ...Array.from({ length: senders }, sendAll)])
  // It is awaited at the end: until then, a failure is no unhandled rejection.
  running.catch(() => undefined)
  try {
    await round()
    const former = (await keys('list')).stdout.split(' ')[0] ?? ''
    const rotated = await keys('rotate')
    expect(rotated).toMatchObject({ code: 0, stderr: expect.stringContaining('every hook has a new URL') as unknown })
    const rotatedAt = nodeClock.monotonic()
    await round()
    await until(
      () => Promise.resolve(secretsReader.readAt()),
      at => at > rotatedAt,
      2 * readEveryMs + withinMs,
    )
    // Posts that were on their way with a former URL.
    await round()
    const dropped = await keys(`drop ${former}`)
    expect(dropped).toMatchObject({ code: 0, stderr: '' })
    await round()
    console.log(
      `${hookCount} hooks: rotated in ${rotated.seconds} s, dropped in ${dropped.seconds} s, ${posts} posts: ${JSON.stringify([...statuses])}`,
    )
  } finally {
    over.abort()
    await running
  }
  expect([...statuses.keys()]).toEqual([200])
}, 1_200_000)
