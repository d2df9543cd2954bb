import type { Api } from './api.ts'
import type { Report, SwapJob } from './job.ts'
import { measured } from './pace.ts'
import { readVersion, writeCount } from './write.ts'

export const swap = async (api: Api, { concurrency, count, target }: SwapJob): Promise<Report> => {
  let conflicts = 0
  const paced = await measured({ concurrency, count }, async () => {
    for (;;) {
      const from = await readVersion(api, target)
      const answer = await writeCount(api, target, from, from.count + 1)
      if (answer.status !== 409) return
      conflicts += 1
    }
  })
  return { ...paced, notes: { conflicts } }
}
