import type { Environment } from '../environment/environment.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import { seriesOfHooks } from './hook-series.ts'

/**
 * Returns a function that counts posts to a former URL of a hook. Such a URL still works, but not for
 * long: until an overlap is over, the URL expires, or its key is dropped. So a person can find out who still uses it.
 */
export const formerURLCounter = (
  { clock, metrics }: Pick<Environment, 'clock' | 'metrics'>,
  hooks: Pick<Hooks, 'has'>,
): ((hook: LiveHook) => void) => {
  const posts = seriesOfHooks(
    clock,
    hooks,
    metrics.counter(
      'receiverhooks_former_url_posts_total',
      'Posts to a URL of a hook that still works, but that a newer one has replaced.',
      ['namespace', 'hook'],
    ),
  )
  return ({ name, namespace }) => posts.add({ namespace, hook: name })
}
