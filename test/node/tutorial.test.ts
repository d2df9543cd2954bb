import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/product.ts'
import { rolledOut } from './installed.ts'
import { shell, succeed } from './support.ts'

/**
 * The tutorial as somebody runs it: each command of the page, in its order, on a real node, with the real Prometheus and
 * Alertmanager. What the page says of the counts has to come.
 */
const page = readFileSync('docs/tutorial.md', 'utf8')

/** Returns the commands below a heading, one block each. What would watch for ever is left out. */
const commandsUnder = (heading: RegExp): readonly string[] => {
  const section = page.split(/^## /m).find(text => heading.test(text)) ?? ''
  return [...section.matchAll(/^ *```console\n(.*?)^ *```$/gms)].map(([, block = '']) =>
    block
      .split('\n')
      .filter(line => !line.includes('--watch'))
      .map(line => line.trim())
      .join('\n'),
  )
}

const having = (part: string): unknown => expect.stringContaining(part)

const count = async (): Promise<number> =>
  Number(await succeed("kubectl -n shop get deployment web -o jsonpath='{.spec.replicas}'"))

/** Returns the counts, as they change, until one of them stays for so long, in milliseconds. */
const countsUntilQuiet = async (quietMs: number): Promise<readonly number[]> => {
  const seen = [await count()]
  for (let since = Date.now(); Date.now() - since < quietMs; await sleep(500)) {
    const now = await count()
    if (now === seen.at(-1)) continue
    seen.push(now)
    since = Date.now()
  }
  return seen
}

/** Longer than an alert needs to begin (20 s), or to come again (20 s): then it is over. */
const quietMs = 55_000

describe('the tutorial', () => {
  beforeAll(async () => {
    await shell('kubectl delete namespace shop --ignore-not-found')
  })
  afterAll(async () => {
    await succeed('kubectl delete namespace shop --ignore-not-found')
    await succeed('kubectl delete -k deploy/kustomize/base --ignore-not-found')
  })

  it('installs, and opens the shop', async () => {
    for (const commands of commandsUnder(/^\d\. Install/)) await succeed(commands)
    await rolledOut()
    const [own = '', operator = '', select = '', look = ''] = commandsUnder(/^\d\. Open the shop/)
    // test/cluster/others-kinds.test.ts runs these two.
    expect([operator, select]).toEqual([having('operator.yaml'), having('label podmonitor')])
    await succeed(own)
    await succeed(`kubectl -n shop wait --for=condition=Available deployment --all --timeout=110s`)
    expect(await succeed(look)).toMatch(/receiverhook\S*\/web-up /)
    expect(await count()).toBe(1)
  })

  it('lets the customers come: a pod at a time, until there are four', { timeout: 300_000 }, async () => {
    const [come = '', who = ''] = commandsUnder(/^\d\. Let the customers come/)
    const began = Date.now()
    await succeed(come)
    const counts = await countsUntilQuiet(quietMs)
    console.log(`customers came: ${counts.join(', ')} in ${Math.round((Date.now() - began - quietMs) / 1000)} s`)
    expect(counts).toEqual([1, 2, 3, 4])
    expect(await succeed(who)).toMatch(/Stepped|web-up/)
  })

  it('lets them go: a pod at a time, until there are two', { timeout: 300_000 }, async () => {
    const [go = ''] = commandsUnder(/^\d\. Let them go/)
    await succeed(go)
    expect(await countsUntilQuiet(quietMs)).toEqual([4, 3, 2])
  })

  it('shows what could go wrong, and cleans up', { timeout: 300_000 }, async () => {
    const [suspend = '', resume = '', replace = ''] = commandsUnder(/^\d\. Try what could go wrong/)
    const had = await count()
    const reason = (): Promise<string> =>
      succeed("kubectl -n shop get receiverhook web-up -o jsonpath='{.status.lastDelivery.reason}'")
    await succeed(suspend)
    await until(reason, seen => seen === 'Suspended', 100_000)
    expect(await count()).toBe(had)
    expect(await succeed(resume)).toContain('Suspended')
    const url = (): Promise<string> =>
      succeed("kubectl -n shop get secret web-up-url -o go-template='{{.data.url | base64decode}}'")
    const before = await url()
    await succeed(replace)
    await until(url, seen => seen !== before, 100_000)
    for (const commands of commandsUnder(/^\d\. Clean up/)) await succeed(commands)
    expect((await shell('kubectl get namespace shop')).code).toBe(1)
  })
})
