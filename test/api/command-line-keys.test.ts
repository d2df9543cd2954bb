import { describe, expect, it } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { formatSigningKeys, parseSigningKeys, seedLength, signingKey } from '../../src/token/keys.ts'
import { keySetEntry, signingKeysSecret } from '../../src/token/published.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, product } from '../support/product.ts'

const having = (part: string): unknown => expect.stringContaining(part)

const setUp = async () => {
  const here = await cluster()
  const { operations } = await product(here)
  const typed = (line: string, stdin = '') => commandLine(here.kubeconfig, line.split(' '), stdin)
  const keys = (line: string) => typed(`keys --system-namespace ${here.systemNamespace} ${line}`)
  return { ...here, operations, typed, keys }
}

describe('kubectl receiverhook keys', { timeout: 120_000 }, () => {
  it('rotates the signing keys, and drops the former one', async () => {
    const { createDeployment, createHook, keys, operations, systemNamespace, typed, url } = await setUp()
    await createDeployment('web', 2)
    await createHook('web-up', {})
    const first = await url('web-up')
    const before = (await keys('list')).stdout
    expect(before).toMatch(/^[\w-]{43} {3}signs {11}1 hook\n$/)
    expect(await keys('rotate --settle 100ms')).toMatchObject({
      code: 0,
      stdout: having('signs'),
      stderr: having('every hook has a new URL; an old URL works until its key is dropped'),
    })
    expect((await keys('list')).stdout.split('\n')).toEqual([
      expect.stringMatching(/signs {11}1 hook$/),
      before.trim().replace(/signs.*/, 'verifies only   0 hooks'),
      '',
    ])
    const second = await url('web-up')
    expect(second).not.toBe(first)
    const formerPosts = async (): Promise<string | undefined> => {
      const metrics = await (await fetch(`${operations}/metrics`)).text()
      return /^receiverhooks_former_url_posts_total{.*hook="web-up".*} (\d+)$/m.exec(metrics)?.[1]
    }
    for (const [to, counted] of [
      [second, undefined],
      [first, '1'],
    ] as const) {
      expect((await fetch(to, { method: 'POST' })).status).toBe(200)
      // Scrapes within a second share their metrics.
      await expect.poll(formerPosts, { timeout: 5000 }).toBe(counted)
    }
    const inspect = (text: string) => typed(`inspect-token --system-namespace ${systemNamespace}`, text)
    expect(await inspect(first)).toMatchObject({ code: 0 })
    expect(await keys(`drop -- ${before.slice(0, 8)}`)).toMatchObject({ code: 0, stderr: having('/web-up\n') })
    expect(await inspect(first)).toMatchObject({ code: 1, stdout: having('no longer, among the signing keys') })
    expect(await inspect(second)).toMatchObject({ code: 0 })
    expect(await keys('drop nothing')).toMatchObject({ code: 1, stderr: having('names no key') })
  })

  it('advises how to drop each former key in lines that can be typed, where names begin with a dash too', async () => {
    const { api, keys, systemNamespace, typed } = await setUp()
    const secret = await read(api, secrets, systemNamespace, signingKeysSecret)
    const [first] = parseSigningKeys(Buffer.from(stringAt(secret, 'data', keySetEntry) ?? '', 'base64').toString())
    // Their names begin with one dash and with two. Such keys were made before their names were avoided.
    const former = [first, ...[12, 7].map(byte => signingKey(new Uint8Array(seedLength).fill(byte)))] as const
    await send(api, {
      method: 'PATCH',
      path: objectPath(secrets, systemNamespace, signingKeysSecret),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ data: { [keySetEntry]: Buffer.from(formatSigningKeys(former)).toString('base64') } }),
    })
    const { stderr } = await keys('rotate --settle 100ms')
    const advised = [...stderr.matchAll(/^ {2}kubectl receiverhook (keys drop .*)$/gm)].map(([, line = '']) => line)
    expect(advised.map(line => line.split(' ').slice(4).join(' '))).toEqual(
      former.map(({ kid }) => (kid.startsWith('-') ? `-- ${kid}` : kid)),
    )
    for (const [index, line] of advised.entries()) {
      expect(await typed(line)).toMatchObject({
        code: 0,
        stdout: `${former[index]?.kid}   dropped\n`,
      })
    }
  })
})
