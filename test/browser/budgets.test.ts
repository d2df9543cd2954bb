import { gunzipSync } from 'node:zlib'
import type { CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPage } from '../../scripts/page.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { serveHttp, type Serving } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { serveDashboard, type ServedDashboard } from '../../dashboard/serve.ts'
import { crds } from '../../src/drivers/registry.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { closeBrowser, picture, visit } from './page.ts'
import { deployment, scaleSpec } from './playground.ts'

/** Hooks of the large namespace, and of the small one. */
const many = 5_000
const few = 40
/** Hooks of a team, of which five act on each Deployment. */
const ofTeam = 1_000

/** Returns on how many Deployments the hooks of a namespace act. */
const targetsOf = (count: number): number => (count === ofTeam ? 200 : 500)

let serving: Serving
let dashboard: ServedDashboard

beforeAll(async () => {
  const server = createApiServer({ clock: nodeClock, random: nodeRandom })
  const post = (path: string, object: object): void => {
    const { body, status } = server.handle({
      method: 'POST',
      path,
      contentType: 'application/json',
      body: JSON.stringify(object),
    })
    if (status !== 201) throw new Error(body)
  }
  for (const crd of crds) post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  for (const [namespace, count] of [
    ['fleet', many],
    ['shop', few],
    ['team', ofTeam],
  ] as const) {
    post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    for (let index = 0; index < Math.min(count, targetsOf(count)); index++) {
      post(`/apis/apps/v1/namespaces/${namespace}/deployments`, deployment(`app-${index}`, 1 + (index % 10)))
    }
    for (let index = 0; index < count; index++) {
      const spec = {
        ...scaleSpec(`app-${index % targetsOf(count)}`, { action: index % 2 ? 'up' : 'down', max: 12 }),
        suspend: index % 17 === 0,
      }
      post(`/apis/${apiVersion}/namespaces/${namespace}/receiverhooks`, {
        apiVersion,
        kind: hookKind,
        metadata: { name: `app-${index}` },
        spec,
      })
    }
  }
  serving = await serveHttp(server, { port: 0 })
  dashboard = await serveDashboard(
    {
      clock: nodeClock,
      random: nodeRandom,
      log: pinoLog({ level: 'error', clock: nodeClock, write: () => undefined }),
    },
    {
      address: { host: '127.0.0.1', port: 0, flag: '--port' },
      signIn: 'key',
      cluster: serving.url,
      namespace: 'shop',
      systemNamespace: 'receiver-hooks',
      version: '0.0.0-test',
      sessionMs: 3_600_000,
      connectAs: () => connect({ server: serving.url }),
    },
  )
}, 120_000)
afterAll(async () => {
  await closeBrowser()
  dashboard.close()
  await serving.close()
})

/** Returns the processor time of the page's main thread, in seconds: it is the same on a machine that is busy. */
const spent = async (session: CDPSession): Promise<{ readonly all: number; readonly script: number }> => {
  const { metrics } = await session.send('Performance.getMetrics')
  const value = (name: string): number => metrics.find(metric => metric.name === name)?.value ?? NaN
  return { all: value('TaskDuration'), script: value('ScriptDuration') }
}

const measured = async () => {
  const { context, page } = await visit()
  const session = await context.newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  return { context, page, session }
}

describe('the page', () => {
  it('is at most 40 kB, compressed, until the list stands, and 105 kB in all', async () => {
    const { document, files } = await buildPage()
    const first = files.filter(({ path }) => document.includes(path))
    const sum = (list: readonly { readonly gzip: Uint8Array }[]): number =>
      list.reduce((bytes, { gzip }) => bytes + gzip.length, document.length)
    console.log(`first ${sum(first)} bytes, all ${sum(files)} bytes`)
    expect(sum(first)).toBeLessThan(40_000)
    expect(sum(files)).toBeLessThan(105_000)
    const foreign = /https?:\/\/(?!www\.w3\.org)[\w.-]+\.(?:com|net|io|org)\/[\w/]*\.(?:js|css|woff2?)/
    expect(files.filter(({ gzip }) => foreign.test(gunzipSync(gzip).toString())).map(({ path }) => path)).toEqual([])
  })

  it('asks for three files before it paints, and nobody else', async () => {
    const { page } = await visit()
    const asked: string[] = []
    page.on('request', request => asked.push(request.url()))
    await page.goto(dashboard.link(), { waitUntil: 'domcontentloaded' })
    const loads = asked.filter(url => !url.includes('/api/') && !url.includes('/icon-'))
    expect(loads.length).toBeLessThanOrEqual(3)
    await page.locator('.row').first().waitFor()
    expect(asked.filter(url => !url.startsWith(`http://127.0.0.1:${dashboard.port}/`))).toEqual([])
  })

  it('takes 300 ms of the main thread at most, 120 ms of it script, until rows stand', async () => {
    const runs: { readonly all: number; readonly script: number }[] = []
    for (let run = 0; run < 5; run++) {
      const { page, session } = await measured()
      await page.goto(dashboard.link())
      await page.locator('.row').first().waitFor()
      runs.push(await spent(session))
    }
    // The best of five, and half as much again as the 200 and 80 ms where nothing else runs: a processor that others use as
    // well has colder caches.
    const all = Math.min(...runs.map(run => run.all))
    const script = Math.min(...runs.map(run => run.script))
    console.log(`rows stand: ${Math.round(all * 1000)} ms, script ${Math.round(script * 1000)} ms`)
    expect(all).toBeLessThan(0.3)
    expect(script).toBeLessThan(0.12)
  })

  it('takes 900 ms of the main thread at most for 5,000 hooks, draws some forty, and scrolls through them in little', async () => {
    const limits = { listed: 0.9, scrolled: 2.5 }
    let { listed, scrolled } = await manyHooks()
    // A processor that others use as well has colder caches: the best of three counts.
    for (let more = 0; more < 2 && (listed >= limits.listed || scrolled >= limits.scrolled); more++) {
      const again = await manyHooks()
      listed = Math.min(listed, again.listed)
      scrolled = Math.min(scrolled, again.scrolled)
    }
    console.log(`5,000 hooks: ${Math.round(listed * 1000)} ms`)
    console.log(`24,000 px in 100 frames: ${Math.round(scrolled * 1000)} ms`)
    expect(listed).toBeLessThan(limits.listed)
    expect(scrolled).toBeLessThan(limits.scrolled)
  })

  /** Scrolls 24,000 px in 100 frames. Returns the time of the main thread, in seconds. */
  const scrollThrough = async (page: Page, session: CDPSession): Promise<number> => {
    const scrolling = await spent(session)
    await page.evaluate(
      () =>
        new Promise<void>(resolve => {
          const box = document.querySelector('.scroll')
          let frames = 0
          // So many frames, however long each takes: a time would be more of them on a faster machine.
          const step = (): void => {
            frames += 1
            if (box !== null) box.scrollTop = 240 * frames
            if (frames < 100) requestAnimationFrame(step)
            else resolve()
          }
          step()
        }),
    )
    return (await spent(session)).all - scrolling.all
  }

  /** Lists 5,000 hooks in a new page and scrolls through them. Returns the time of the main thread for each, in seconds. */
  const manyHooks = async (): Promise<{ readonly listed: number; readonly scrolled: number }> => {
    const { page, session } = await measured()
    await page.goto(dashboard.link())
    await page.locator('.row').first().waitFor()
    const before = await spent(session)
    await page.locator('select#namespace').selectOption('fleet')
    await page.getByText('5000 hooks').waitFor()
    const { all } = await spent(session)
    expect(await page.locator('.row').count()).toBeLessThan(60)
    await picture(page, 'many-1280-light')
    const scrolled = await scrollThrough(page, session)
    expect(await page.locator('.row').first().getAttribute('aria-rowindex')).not.toBe('2')
    return { listed: all - before.all, scrolled }
  }

  it('takes 400 ms of the main thread at most for 1,000 hooks, grouped by 200 targets, and scrolls through them', async () => {
    const runs: { readonly listed: number; readonly scrolled: number }[] = []
    for (let run = 0; run < 3; run++) {
      const { page, session } = await measured()
      await page.goto(dashboard.link())
      await page.locator('.row').first().waitFor()
      // The document is another one then, and its time begins again.
      await page.goto(new URL('/?ns=team&group=target', page.url()).href)
      await page.getByText('1000 hooks').waitFor()
      await page.locator('.row.group', { hasText: '5 hooks' }).first().waitFor()
      const listed = (await spent(session)).all
      const scrolled = await scrollThrough(page, session)
      runs.push({ listed, scrolled })
    }
    const [listed, scrolled] = [Math.min(...runs.map(run => run.listed)), Math.min(...runs.map(run => run.scrolled))]
    console.log(`1,000 hooks in groups: ${Math.round(listed * 1000)} ms, scrolled: ${Math.round(scrolled * 1000)} ms`)
    expect(listed).toBeLessThan(0.4)
    expect(scrolled).toBeLessThan(2.5)
  })

  it('works in the seventh tab: those that nobody looks at give their connections back', async () => {
    const { context, page } = await visit()
    await page.goto(dashboard.link())
    await page.locator('.row').first().waitFor()
    const home = page.url()
    const hide = (tab: Page): Promise<void> =>
      tab.evaluate(() => {
        // A browser without a screen hides no tab by itself.
        Object.defineProperty(document, 'hidden', { value: true, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      })
    await hide(page)
    for (let tab = 2; tab <= 7; tab++) {
      const another = await context.newPage()
      await another.goto(home)
      await another.locator('.row').first().waitFor()
      if (tab < 7) await hide(another)
    }
    expect(context.pages()).toHaveLength(7)
  })
})
