import type { Happened, Violation } from '../happened.ts'
import { passOn } from '../world/passing.ts'
import { pushHooks, restartHook } from '../world/workload.ts'
import { isOn } from './model.ts'
import { mayKnow, type HookVersion, type Timeline } from './timeline.ts'

/**
 * What is rolled out, run or passed on leaves a process only for a hook that was open two seconds before, or later, and only if not all
 * hooks were stopped for that long. Work that has begun before ends by then.
 */
export const checkHalted = (timeline: Timeline): readonly Violation[] =>
  timeline.happened.flatMap((entry, place) => {
    const sent = sentBy(entry, timeline)
    if (!sent || sent.hooks.length === 0) return []
    const { hooks, process, what } = sent
    const isOpen = hooks.some(versions =>
      mayKnow(timeline, versions, place, place).some(version => isOn(version, version.uid)),
    )
    const mayRun = mayKnow(timeline, timeline.keys, place, place).some(({ stop }) => !stop)
    const why = !isOpen ? 'no hook that does so was open' : !mayRun ? 'all hooks were stopped' : undefined
    return why === undefined ? [] : [{ promise: '5', why: `${process} ${what}, and for two seconds ${why}` }]
  })

interface Sent {
  readonly process: string
  readonly what: string
  /** The versions of the hooks for which it may be sent. */
  readonly hooks: readonly (readonly HookVersion[])[]
}

const sentBy = (entry: Happened, { hooks }: Timeline): Sent | undefined => {
  const named = (names: readonly string[]): Sent['hooks'] => names.flatMap(name => [hooks.get(name) ?? []])
  if (entry.what === 'passed on' && entry.status === undefined) {
    return { process: entry.process, what: 'passed a post on', hooks: named([passOn]) }
  }
  if (entry.what !== 'act sent') return undefined
  const { process } = entry
  switch (entry.act) {
    case 'push':
      return { process, what: 'rolled a push out', hooks: named(pushHooks) }
    case 'restart':
      return { process, what: 'restarted', hooks: named([restartHook]) }
    case 'job': {
      const ofHook = [...hooks.values()].filter(versions => versions.some(({ uid }) => uid === entry.uid))
      return { process, what: `made a Job for ${entry.uid}`, hooks: ofHook }
    }
  }
}
