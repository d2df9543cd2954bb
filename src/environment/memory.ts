import { totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'
import { getHeapStatistics } from 'node:v8'

/**
 * What this process may use, in bytes: the limit of its container (cgroup), or what the machine has; and no more than twice
 * its heap's limit, as `--max-old-space-size` sets it, since that is how Node divides what a container has.
 */
export const usableMemory = (): number => {
  const limit = constrainedMemory()
  const whole = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return Math.min(whole, 2 * getHeapStatistics().heap_size_limit)
}
