import { names, triggerPathsOf, type Stage } from './stage.ts'

/** One controller, trigger replicas, and hooks that each add one to a target of their own. */
export interface ManyReplicas {
  /** Where each replica takes posts. */
  readonly origins: readonly string[]
  /** The path of each hook's URL. */
  readonly paths: readonly string[]
  /** Posts 1,000 times at once to these URLs, and once more. Resolves with how long all took the second time, in milliseconds. */
  readonly atOnce: (urls: readonly string[]) => Promise<number>
  /** Posts to these URLs in turns, 32 at a time. Resolves with how long each took, in microseconds. */
  readonly inTurns: (urls: readonly string[]) => Promise<number>
}

/** Starts 8 replicas with 1,000 hooks. */
export const startReplicas = async (stage: Stage): Promise<ManyReplicas> => {
  const [width, burst, count] = stage.quick ? [20, 20, 40] : [1000, 1000, 2000]
  const targets = names('hooked', width)
  await stage.deployments(targets)
  await stage.hooks(targets, 'up')
  await stage.product('controller')
  const origins: string[] = []
  for (let replica = 0; replica < (stage.quick ? 2 : 8); replica++) {
    origins.push((await stage.product('trigger')).origin)
  }
  const timed = async (urls: readonly string[], posts: number, concurrency: number): Promise<number> =>
    (await stage.load.run({ job: 'post', urls, count: posts, concurrency })).elapsedMs
  return {
    origins,
    paths: [...(await triggerPathsOf(stage, width)).values()],
    atOnce: async urls => {
      if (!stage.quick) await timed(urls, burst, burst)
      return await timed(urls, burst, burst)
    },
    inTurns: async urls => ((await timed(urls, count, 32)) * 1000) / count,
  }
}
