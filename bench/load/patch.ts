import type { Api } from './api.ts'
import type { PatchJob, Report } from './job.ts'
import { measured } from './pace.ts'

export const patch = async (api: Api, { body, concurrency, targets }: PatchJob): Promise<Report> => {
  const paced = await measured({ concurrency, count: targets.length }, async index => {
    await api.send('PATCH', targets[index] ?? '', { body, contentType: 'application/json-patch+json' })
  })
  return { ...paced, notes: {} }
}
