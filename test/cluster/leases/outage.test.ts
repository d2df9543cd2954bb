import { expect, inject, it } from 'vitest'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { notification } from '../../support/alertmanager.ts'
import { postUntilDone, until } from '../../support/product.ts'
import { workload } from '../exact/kinds.ts'
import { followTargets } from '../exact/targets.ts'
import { leasing, trigger, type LeaseHook, type Trigger } from './installed.ts'
import { sampleOf, type Sample } from './leased.ts'

/** A run: all triggers are killed, stay away and come back. */
interface Outage {
  /** All leases are on so many targets. Each has five hooks with two leases each. */
  readonly targets: number
  /** When the triggers are killed: before the first lease ends, or while leases end. */
  readonly killed: 'before' | 'amid'
  /** How long they are away after the leases were due, in milliseconds. */
  readonly awayMs: number
}

const short: readonly Outage[] = [{ targets: 4, killed: 'amid', awayMs: 0 }]

/** LEASES=long runs these. The API server keeps five minutes of history. */
const long: readonly Outage[] = [
  { targets: 20, killed: 'before', awayMs: 0 },
  { targets: 20, killed: 'amid', awayMs: 0 },
  { targets: 20, killed: 'before', awayMs: 600_000 },
  { targets: 20, killed: 'amid', awayMs: 600_000 },
]

const outages = process.env['LEASES'] === 'long' ? long : short
const maxMs = 1_800_000

const base = 2
/** The changes of the hooks of a target. No sum of up to four of each is the sum of others. */
const steps = [1, 5, 25, 125, 625] as const
const groups = ['A', 'B'] as const

/** How long it may take until all leases have ended, or all steps are noted, in milliseconds. */
const endedWithinMs = 300_000

/** How long counts are watched after the last end, in milliseconds. */
const watchedMs = 5000

it.each(outages)(
  'each lease ends once if all triggers are killed $killed the ends and away for $awayMs ms, without any controller',
  async outage => {
    const { awayMs, killed, targets } = outage
    const names = Array.from({ length: targets }, (_, index) => `web-${index}`)
    const hooks = names.flatMap(target => steps.map(by => hookOf(target, by)))
    const here = await leasing(inject('kubeconfig'), Object.fromEntries(names.map(name => [name, base])), hooks)
    await here.controller.end('SIGKILL')
    const followed = followTargets(here.api, here.namespace, [workload])
    const triggers = [await trigger(here), await trigger(here)]
    await startAll(triggers)
    const url = (hook: string, index: number): string =>
      `http://127.0.0.1:${triggers[index % triggers.length]?.port}${here.pathOf(hook)}`
    const seen = (wanted: (sample: Sample) => boolean) => until(() => sampleOf(here), wanted, endedWithinMs)

    await postAll(hooks, url)
    const ends = targets * steps.length * groups.length
    // A step is noted some seconds after it was made. Other tests are about a process that dies before.
    await seen(({ claimed, open }) => claimed === 0 && open === ends)
    const end = () => Promise.all(hooks.map(({ name }) => here.patchHook(name, { spec: { endBefore: nextSecond() } })))
    if (killed === 'amid') {
      await end()
      await seen(({ open }) => open < ends)
    }
    await Promise.all(triggers.map(({ kill }) => kill()))
    if (killed === 'before') await end()
    const left = await sampleOf(here)
    await wait(nodeClock, awayMs)
    await startAll(triggers)
    const readyAt = nodeClock.now()
    await seen(({ claimed, open }) => open + claimed === 0)
    const tookMs = nodeClock.now() - readyAt
    await wait(nodeClock, watchedMs)

    const paths = [...Map.groupBy(await followed.end(), ({ target }) => target).values()].map(versions =>
      versions.map(({ count }) => count),
    )
    const { unknown } = await sampleOf(here)
    console.log(
      `${ends} ends, killed ${killed} them with ${left.open} left and ${left.claimed} steps claimed, away for ${awayMs} ms:`,
      `all ended ${tookMs} ms after the triggers were ready, ${unknown} hooks with one of which nobody knows`,
    )
    expect(paths).toHaveLength(targets)
    for (const counts of paths) expect(counts).toEqual(upAndDown(counts))
    // Nobody can know of an end that was claimed when its process died, and followed by another hook's.
    expect(unknown).toBeLessThanOrEqual(awayMs > 0 && killed === 'amid' ? ends : 0)
    expect(paths.filter(counts => counts.at(-1) !== base).length).toBeLessThanOrEqual(unknown)
  },
  maxMs,
)

/** Returns the counts of a path sorted from the base up to the count with all leases, and down again. */
const upAndDown = (counts: readonly number[]): readonly number[] => {
  const highest = counts.indexOf(base + groups.length * steps.reduce((all, by) => all + by, 0))
  const [up, down] = [counts.slice(0, highest), counts.slice(highest)]
  return [...up.toSorted((a, b) => a - b), ...down.toSorted((a, b) => b - a)]
}

/** Returns a moment from which on all leases so far are due. */
const nextSecond = (): string => new Date(Math.ceil(Date.now() / 1000) * 1000).toISOString()

/** Returns a hook that may lower its target to 0: an end that is made twice would show. */
const hookOf = (target: string, by: number): LeaseHook => ({
  name: `${target}-${by}`,
  target,
  action: 'up',
  by,
  max: 1_000_000,
  spec: { for: '24h' },
})

const startAll = (triggers: readonly Trigger[]): Promise<unknown> => Promise.all(triggers.map(({ start }) => start()))

/** Posts an alert of each group to each hook, some at a time. */
const postAll = async (hooks: readonly LeaseHook[], url: (hook: string, index: number) => string): Promise<void> => {
  const left = hooks.flatMap(({ name }) => groups.map(group => ({ name, group }))).entries()
  const work = async (): Promise<void> => {
    for (const [index, { group, name }] of left) {
      const labels = { groupLabels: { alertname: group }, groupKey: `{}:{alertname="${group}"}` }
      const body = { ...notification('firing', 'first notification'), ...labels }
      const { body: answer, status } = await postUntilDone(url(name, index), body)
      if (status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(answer)}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
}
