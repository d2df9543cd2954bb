import { totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'
import { getHeapStatistics } from 'node:v8'

/**
 * Returns the bytes that this process may use: the limit of its container (cgroup), or the memory
 * of the machine. It is at most twice the heap's limit (`--max-old-space-size`), because Node takes
 * half of a container's memory for the heap.
 */
export const usableMemory = (): number => {
  const limit = constrainedMemory()
  const whole = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return Math.min(whole, 2 * getHeapStatistics().heap_size_limit)
}
