import { describe, expect, it } from 'vitest'
import { TargetWatches, type Watchable, type TargetWatch } from '../../src/steps/watches.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { answer, scriptedConnection } from '../support/scripted-connection.ts'
import { deploymentTarget } from '../support/targets.ts'

/** As many as one process watches. */
const places = 64

const contended: Watchable = {
  isContended: true,
  isWatchStale: false,
  watched: () => undefined,
  reported: () => undefined,
}

/** Sets up contended targets, which are posted to one after another. */
const setUp = () => {
  const clock = fakeClock()
  const api = scriptedConnection(() => answer(404, {}))
  const watches = new TargetWatches(testEnvironment({ api, clock }))
  const targets = new Map<string, TargetWatch>()
  const post = async (namespace: string, name: string): Promise<void> => {
    const key = `${namespace}/${name}`
    const target = targets.get(key) ?? watches.of({ ...deploymentTarget(name), namespace }, contended)
    targets.set(key, target)
    target.used({ uid: key, resourceVersion: '1', count: 1 })
    await clock.advance(100)
  }
  /** Returns the targets that are watched, as namespace and name. */
  const watched = (): readonly string[] =>
    api.watches.flatMap(({ open, request: { path, query } }) =>
      open ? [`${path.split('/')[5]}/${query?.['fieldSelector']?.replace('metadata.name=', '')}`] : [],
    )
  const watchedIn = (namespace: string): number => watched().filter(key => key.startsWith(`${namespace}/`)).length
  return { post, watched, watchedIn }
}

describe('the watches of contended targets', () => {
  it('are shared: a namespace that comes late gets some of the one that has all', async () => {
    const { post, watched, watchedIn } = setUp()
    for (let index = 0; index < places + 10; index++) await post('greedy', `web-${index}`)
    expect(watchedIn('greedy')).toBe(places)
    await post('late', 'web')
    expect(watchedIn('late')).toBe(1)
    expect(watched()).toHaveLength(places)
    // The one that no post has used for longest has made room.
    expect(watched()).not.toContain('greedy/web-0')
    expect(watched()).toContain('greedy/web-1')
  })

  it('are shared until each has as many, and take no turns after that', async () => {
    const { post, watched, watchedIn } = setUp()
    for (let index = 0; index < places; index++) await post('one', `web-${index}`)
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < places; index++) {
        await post('one', `web-${index}`)
        await post('two', `web-${index}`)
      }
    }
    expect([watchedIn('one'), watchedIn('two')]).toEqual([places / 2, places / 2])
    const before = watched()
    for (let index = 0; index < places; index++) await post('one', `web-${index}`)
    expect(watched()).toEqual(before)
  })
})
