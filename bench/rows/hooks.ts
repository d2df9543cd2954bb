import { setTimeout as sleep } from 'node:timers/promises'
import { processorMs } from '../process.ts'
import { deploymentPath, hookCollection, names, type Stage } from '../stage.ts'
import type { Report } from '../load/job.ts'
import type { Started } from '../started.ts'

/** What the onlooker takes to list ten thousand hooks, with room, in milliseconds. */
const listingMs = 1500

/** Creates two hooks for each Deployment, one up and one down. */
export const createHooks = async (stage: Stage, count: number): Promise<void> => {
  const targets = names('web', count / 2)
  await stage.deployments(targets)
  await stage.hooks(targets, 'up')
  await stage.hooks(targets, 'down')
}

export const deleteHooks = async ({ load }: Stage): Promise<void> => {
  await load.run({ job: 'delete', path: hookCollection })
}

/** Begins to watch for Ready hooks, in a process that is up already. Answers what waits for all of them. */
const watchReady = async (stage: Stage, count: number): Promise<() => Promise<Report>> => {
  const onlooker = stage.onlooker()
  await onlooker.run({ job: 'list', path: hookCollection })
  const seen = onlooker.run({ job: 'ready', path: hookCollection, count })
  await sleep(stage.quick ? 50 : listingMs)
  return () => seen
}

/** How many hooks the controller looks at at a time. */
const workers = 16

/**
 * Writes the status of every hook with nothing between, as many at a time as the controller. Reads the metadata of
 * each target first if `read` says so. Answers hooks a second.
 */
export const statusesRaw = async (stage: Stage, count: number, read = false): Promise<number> => {
  const named = names('web', count / 2)
  const hooks = named.flatMap(name => [`${hookCollection}/${name}-up`, `${hookCollection}/${name}-down`])
  const targets = read ? named.flatMap(name => [deploymentPath(name), deploymentPath(name)]) : []
  const seen = await watchReady(stage, count)
  const { elapsedMs } = await stage.load.run({ job: 'status', hooks, targets, concurrency: workers })
  await seen()
  return (count * 1000) / elapsedMs
}

/** Starts the product where no hook has a URL yet. Answers it, and the times at which hooks became Ready. */
export const startAndMint = async (
  stage: Stage,
  count: number,
): Promise<{ readonly product: Started; readonly firstAt: number; readonly lastAt: number }> => {
  const seen = await watchReady(stage, count)
  const product = await stage.product()
  const { notes } = await seen()
  return { product, firstAt: notes['firstAt'] ?? NaN, lastAt: notes['lastAt'] ?? NaN }
}

/** Below this share of a processor a program counts as idle, for which it is waited this long at most, in milliseconds. */
const idleShare = 0.05
const idleWithinMs = 60_000

/** Resolves when a program has been idle for a second: all that its start has set off is over. */
export const untilIdle = async ({ quick }: Stage, { pid }: Started): Promise<void> => {
  const end = performance.now() + (quick ? 0 : idleWithinMs)
  let before = processorMs(pid)
  while (performance.now() < end) {
    await sleep(1000)
    const now = processorMs(pid)
    if (now - before < idleShare * 1000) return
    before = now
  }
}
