/**
 * Node's own flags: a small nursery, and 60 % of the memory limit for the heap. By itself Node
 * takes nearly all of the memory, and the kernel ends the process before the garbage collector
 * works hard. They are not in NODE_OPTIONS, so that those are the user's.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=8', '--max-old-space-size-percentage=60']

/**
 * Fewer arenas for native memory, and a mapping of its own for each block of 32 KiB or more. So the
 * memory of a body that nobody needs any more goes back to the system, instead of to a heap that
 * never shrinks. Setting either threshold keeps glibc from raising both.
 */
export const environment: readonly string[] = [
  'MALLOC_ARENA_MAX=2',
  'MALLOC_MMAP_THRESHOLD_=32768',
  'MALLOC_TRIM_THRESHOLD_=131072',
]
