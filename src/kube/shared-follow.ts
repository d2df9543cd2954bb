import type { Environment } from '../environment/environment.ts'
import { follow, type Follow, type Following, type Sink } from './follow.ts'
import { collectionPath } from './paths.ts'
import { selectorOf, type Source } from './source.ts'

/**
 * Makes a {@link Follow} for a whole process. Parts that follow the same objects share one list and
 * one watch, and each object is parsed once. All parts must call the {@link Follow} before the
 * first of them calls `run`. All must pass the same `stop` to `run`.
 */
export const sharedFollow = (followed: Follow = follow): Follow => {
  const shared = new Map<string, Shared>()
  return (environment, source, sink) => {
    const key = sourceKey(source)
    const one = shared.get(key) ?? begin(followed, environment, source)
    shared.set(key, one)
    one.join(sink)
    return one.following
  }
}

interface Shared {
  readonly following: Following
  join(sink: Sink): void
}

const begin = (followed: Follow, environment: Environment, source: Source): Shared => {
  const sinks: Sink[] = []
  const following = followed(environment, source, intoAll(sinks))
  let running: Promise<void> | undefined
  return {
    following: { ...following, run: stop => (running ??= following.run(stop)) },
    join: sink => {
      if (running) throw new Error(`${source.type.resource} are already being followed: this one would miss their list`)
      sinks.push(sink)
    },
  }
}

const intoAll =
  (sinks: readonly Sink[]): Sink =>
  change => {
    for (const sink of sinks) sink(change)
  }

const sourceKey = (source: Source): string =>
  [
    collectionPath(source.type, source.namespace),
    new URLSearchParams(selectorOf(source)).toString(),
    ...(source.pick ?? []),
  ].join('?')
