import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/api/hash.ts'
import type { Row } from '../../src/api/row.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { storeSkip } from '../../src/steps/skip.ts'
import { markedWrite } from '../../src/steps/target/commit.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { status, stepServer } from '../support/step-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const skipped = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
const owner = { namespace: 'shop', name: 'web-up', uid: 'h1' }
const target = deploymentTarget('web')

/** Sets up a delivery that another process has claimed so long ago, in milliseconds, and the skip that this one is to storeSkip. */
const setUp = async ({
  agoMs,
  isHidden = false,
  isWritten,
}: {
  readonly agoMs: number
  /** Whether the target may no longer be read. */
  readonly isHidden?: boolean
  readonly isWritten: boolean
}) => {
  const clock = fakeClock()
  const server = stepServer({ web: 2 })
  server.hooks.set(owner.name, owner.uid)
  const api: ApiConnection = {
    request: async request =>
      isHidden && request.path.endsWith('/deployments') ? status(403, 'Forbidden') : server.handle(request),
    watch: () => {
      throw new Error('nothing is watched')
    },
  }
  const { uid, version } = server.version('web')
  const claimed: Row = {
    state: 'claimed',
    key: keyOf('one'),
    at: clock.now() - agoMs,
    from: 2,
    to: 3,
    group: keyOf('group'),
    claim: { mark: 'rhook.other', target: 'apps/v1/deployments/Deployment/web', uid, version, to: 3, helped: true },
  }
  server.putRecord(owner.name, owner.uid, JSON.stringify(storedOf({ ...emptyMemory, rows: [claimed] })))
  const write = () =>
    markedWrite(api, target, 'rhook.other', { uid, resourceVersion: version }, 3, { objectBytes: 0, charge: () => {} })
  if (isWritten) await write()
  const environment = testEnvironment({ api, clock })
  const ledger = new Ledgers(environment).of(owner)
  const delivery = {
    sender: 'alertmanager',
    identity: { key: 'one' },
    phase: 'firing',
    group: { key: 'group', firing: ['a'], mixed: false },
  } as const
  const deadline = clock.monotonic() + 4000
  const context = contextOf({ delivery, undo: true, dedupeWindowMs: 300_000, deadline, ledger: () => ledger })
  const remembering = storeSkip(skipped, context, environment)
  const memory = async () => {
    await Promise.all([ledger.flush(() => true), clock.advance(100)])
    return server.memory(owner.name)
  }
  return { clock, memory, remembering, write }
}

describe('a skip of a delivery that another process has claimed', () => {
  it.each([
    ['just now', 0],
    ['by a clock that is far behind', 200_000],
    ['long ago, and ended without a word', 20_000],
  ])('%s and carried out is no skip, and what it changed can be taken back', async (_when, agoMs) => {
    const { memory, remembering } = await setUp({ agoMs, isWritten: true })
    expect(await remembering).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(await memory()).toMatchObject({
      rows: [{ key: keyOf('one'), from: 2, to: 3 }],
      parts: [{ key: keyOf('group'), delta: 1 }],
    })
  })

  it('and given up before it was carried out is remembered in its place', async () => {
    const { memory, remembering } = await setUp({ agoMs: 20_000, isWritten: false })
    expect(await remembering).toEqual(skipped)
    const left = await memory()
    expect(left).toMatchObject({ rows: [{ key: keyOf('one'), reason: 'Suspended' }] })
    expect(left).not.toHaveProperty('parts')
  })

  it('on a target that may not be read gets 503, however long ago it was: it may have been carried out', async () => {
    const { clock, memory, remembering } = await setUp({ agoMs: 20_000, isHidden: true, isWritten: false })
    await clock.advance(4000)
    expect(await remembering).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
    expect(await memory()).toMatchObject({ rows: [{ claim: { mark: 'rhook.other' } }] })
  })

  it('and given up can never be carried out after that', async () => {
    const { remembering, write } = await setUp({ agoMs: 20_000, isWritten: false })
    await remembering
    expect(await write()).toEqual({ write: 'stale' })
  })

  it('and may carry out still gets 503, while that is so', async () => {
    const { clock, remembering } = await setUp({ agoMs: 0, isWritten: false })
    await clock.advance(4000)
    expect(await remembering).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
  })
})
