/**
 * Node's own flags. A small nursery, and 60 % of the memory limit for the heap: left to itself Node takes nearly all of it,
 * and the kernel ends the process before the collector works hard. They are no NODE_OPTIONS, so that those are the user's.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=8', '--max-old-space-size-percentage=60']

/**
 * Fewer arenas for native memory, and what is 32 KiB or more in a mapping of its own: a part of a body that nobody needs any
 * more goes back to the system, instead of to a heap that stays as large as it ever was. Setting either threshold keeps
 * glibc from raising both.
 */
export const environment: readonly string[] = [
  'MALLOC_ARENA_MAX=2',
  'MALLOC_MMAP_THRESHOLD_=32768',
  'MALLOC_TRIM_THRESHOLD_=131072',
]
