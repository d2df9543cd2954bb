import { vi } from 'vitest'
import { keyOf } from '../../../src/api/hash.ts'
import { isRemembered } from '../../../src/record/context.ts'
import type { Waiting } from '../../../src/steps/waiting.ts'
import { isFound } from './mistake.ts'

// The end of an alert brings the count back to what it was when the alert began, even if others have changed it since.
vi.mock(import('../../../src/steps/claims.ts'), async original => {
  const real = await original()
  /** The count at which each group of alerts has begun. */
  const began = new Map<string, number>()
  const resetting = ({ context, plan }: Pick<Waiting, 'context' | 'plan'>): Waiting['plan'] => {
    const group = isRemembered(context) && context.delivery.group ? keyOf(context.delivery.group.key) : undefined
    return (count: number, delta = 0) =>
      (delta === 0 || group === undefined ? undefined : began.get(group)) ?? plan(count, delta)
  }
  return {
    ...real,
    foldPosts: (memory, now, posts, write) => {
      const claimed = real.foldPosts(
        memory,
        now,
        posts.map(post => ({ ...post, plan: resetting(post) })),
        write,
      )
      for (const { from, group, undoes } of claimed.rows) {
        if (group === undefined) continue
        if (undoes !== undefined) began.delete(group)
        else if (!began.has(group)) began.set(group, from)
      }
      return claimed
    },
  }
})

isFound(import.meta.url)
