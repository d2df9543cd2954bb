import type { LeasingHooks } from '../leases/leasing-hook.ts'
import type { HookAccounts } from './accounts.ts'
import type { Hooks } from './hooks.ts'
import type { Keys } from './keys.ts'

/**
 * Returns what the ends of leases need to know of hooks. A hook is known or read as for a post. What is leased does not depend on the rest of its spec. While
 * all hooks are stopped, leases end unless the stop is for undos too.
 */
export const leasingHooks = (
  hooks: Pick<Hooks, 'find' | 'inCache' | 'unchanged'>,
  keys: Pick<Keys, 'current' | 'fresh' | 'readRecent'>,
  accounts: Pick<HookAccounts, 'of'>,
): LeasingHooks => {
  // The cache may be late, and still have the hook itself.
  const isReplaced: LeasingHooks['isReplaced'] = owner => (hooks.inCache(owner)?.uid ?? owner.uid) !== owner.uid
  return {
    find: async owner => {
      const { name, namespace, uid } = owner
      // The stop of all hooks is with the keys.
      const known = keys.fresh() ? keys.current() : await keys.readRecent().catch(() => undefined)
      if (!known) return { found: 'unknown' }
      if (known.stop?.all === true) return { found: 'stopped' }
      const isSameStop = (): boolean => keys.fresh() && keys.current()?.version === known.version
      const found = await hooks.find(namespace, name, uid, 'end')
      switch (found.found) {
        case 'hook': {
          const { hook } = found
          const { bound, endBefore, endsWithHook, problem } = hook
          const autoscaled = problem?.reason === 'ManagedByAutoscaler' && 'target' in bound ? bound.target : undefined
          const isCurrent = (): boolean => hooks.unchanged(hook) && isSameStop()
          return { found: 'hook', hook: { isCurrent, account: accounts.of(hook), endBefore, endsWithHook, autoscaled } }
        }
        case 'none':
          return { found: 'gone', isCurrent: isSameStop, isReplaced: isReplaced(owner) }
        case 'elsewhere':
        case 'not looked up':
        case 'unreachable':
          return { found: 'unknown' }
      }
    },
    known: owner => {
      const known = hooks.inCache(owner)
      return known?.uid === owner.uid ? known : undefined
    },
    isReplaced,
  }
}
