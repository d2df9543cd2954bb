import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import { names, openStage, type Stage } from '../../bench/stage.ts'
import { quantile } from '../../bench/stats.ts'
import { refusedRate } from '../../src/trigger/limits.ts'
import { signedToken, signingKey, testIssuer, type TestClaims } from '../support/issuer.ts'

const bundles = makeBundles()
let stage: Stage
beforeAll(async () => {
  stage = await openStage(bundles, { inMemory: true, quick: true, needs: { audit: 'requests' } })
}, 60_000)
afterAll(async () => {
  await stage.stop()
  bundles.remove()
})

const audience = 'flooded'
const good = { count: 100, gapMs: 40 }

/** The bad tokens. Those with unknown keys are signed by nobody that the issuer knows. */
const floods = ['a wrong signature', 'unknown keys', 'another repository'] as const

it(
  'during 1000 wrong ID tokens a second from the same address, no good one is refused',
  { timeout: 120_000 },
  async () => {
    const key = await signingKey('known')
    const stranger = await signingKey('known')
    const issuer = await testIssuer([key.jwk])
    const [name = ''] = names('hooked', 1)
    await stage.deployments([name])
    const oidc = { issuer: issuer.url, audience, claims: [{ name: 'repository_id', oneOf: ['7'] }] }
    await stage.hooks([name], 'up', { auth: { oidc }, token: { url: 'named' } })
    const { origin } = await stage.product(undefined, ['--oidc-issuer', issuer.url])
    const url = `${origin}/v1/hooks/shop/${name}-up`
    const tokenOf = async (by = key, changes: TestClaims = {}, header = {}): Promise<string> => {
      const iat = Math.floor(Date.now() / 1000)
      const claims = { iss: issuer.url, aud: audience, repository_id: '7', iat, exp: iat + 600, ...changes }
      return `Bearer ${await signedToken(by, claims, header)}`
    }
    const bad = {
      'a wrong signature': await tokenOf(stranger),
      'unknown keys': await tokenOf(stranger, {}, { kid: 'nobody' }),
      'another repository': await tokenOf(key, { repository_id: '8' }),
    }
    const job = { job: 'post', urls: [url], body: 'alertmanager', oneNamedOf: 1, concurrency: 1, ...good } as const
    const run = async () => stage.load.run({ ...job, authorization: await tokenOf() })
    // The first posts may come before the product is ready.
    await run()
    const alone = await run()
    expect(alone.notes['200 applied']).toBe(good.count)
    for (const kind of floods) {
      const flooding = {
        job: 'flood',
        kind: 'wrong credentials',
        url,
        // Each answer takes 100 ms.
        connections: 128,
        authorization: bad[kind],
      } as const
      await stage.onlooker().run({ ...flooding, ms: 2000, perSecond: 2 * refusedRate.burst })
      const [before, asked] = [stage.server.productRequests(), issuer.asked]
      const all = stage.onlooker().run({ ...flooding, ms: 5000, perSecond: 1000 })
      const { latencies, notes } = await run()
      const { notes: answers } = await all
      const [was, is] = [alone.latencies, latencies].map(each => quantile(each, 0.99).toFixed(1))
      const requests = `${stage.server.productRequests() - before} requests to the API server, ${issuer.asked - asked} to the issuer`
      console.log(
        `${kind}: ${JSON.stringify(notes)}, p99 ${was} ms before and ${is} ms during them, ${JSON.stringify(answers)}, ${requests}`,
      )
      expect([kind, notes['200 applied']]).toEqual([kind, good.count])
      // A good post takes two requests.
      expect(stage.server.productRequests() - before).toBeLessThan(3 * good.count)
      // One read in ten seconds, of two requests, and one that was due.
      expect(issuer.asked - asked).toBeLessThanOrEqual(4)
    }
  },
)
