import { onResolved } from './model.ts'
import { mayKnow, type HookVersion, type Story, type Timeline } from './timeline.ts'

/** Whether a post may run something between two places, by a version of the stop that its process may go by. */
export const mayRunAt = (
  timeline: Timeline,
  { post }: Story,
  versions: readonly HookVersion[],
  place: number,
  until = place,
): boolean => {
  const takesBack = post.kind === 'resolved' && versions.some(version => onResolved(version) === 'undo')
  return mayKnow(timeline, timeline.keys, place, until).some(({ stop }) => !stop || (takesBack && !stop.all))
}

/** Whether a post may have found all hooks stopped. */
export const wasStopped = (timeline: Timeline, { arrived, ended }: Story): boolean =>
  mayKnow(timeline, timeline.keys, arrived, ended).some(({ stop }) => stop)
