import type { LeasingHooks } from '../leases/leases.ts'
import type { Hooks } from './hooks.ts'

/**
 * Returns what the ends of leases need to know of hooks. Nothing ends for a hook that is gone, and a
 * hook is known or read as for a post. What is leased does not depend on the rest of its spec.
 */
export const leasingHooks = (hooks: Pick<Hooks, 'find' | 'known' | 'unchanged'>): LeasingHooks => ({
  find: async ({ name, namespace, uid }) => {
    const found = await hooks.find(namespace, name, uid)
    switch (found.found) {
      case 'hook': {
        const { hook } = found
        const { bound, endBefore, problem } = hook
        const autoscaled = problem?.reason === 'ManagedByAutoscaler' && 'target' in bound ? bound.target : undefined
        return { isCurrent: () => hooks.unchanged(hook), endBefore, autoscaled }
      }
      case 'none':
        return 'gone'
      case 'elsewhere':
      case 'not looked up':
      case 'too large':
      case 'unreachable':
        return 'unknown'
    }
  },
  endBefore: owner => hooks.known(owner)?.endBefore,
})
