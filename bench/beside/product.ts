import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from '../stage.ts'
import type { Contender } from './contender.ts'

/** The released bundle, both roles in one process, with a hook for the Deployment. */
export const product: Contender = {
  name: 'receiver-hooks',
  title: 'Receiver Hooks',
  prepare: async (stage, deployment) => {
    await stage.hooks([deployment], 'up')
    return async () => {
      const started = await stage.product()
      return {
        pid: started.pid,
        url: started.origin + (await triggerPath(stage, `${deployment}-up`)),
        kill: async () => {
          process.kill(started.pid, 'SIGKILL')
          await started.end()
        },
      }
    }
  },
}

const triggerPath = async (stage: Stage, hook: string): Promise<string> => {
  for (;;) {
    const path = (await stage.triggerPaths()).get(hook)
    if (path !== undefined) return path
    await sleep(50)
  }
}
