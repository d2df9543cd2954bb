import type { Api } from './api.ts'
import type { CreateJob, Report } from './job.ts'
import { measured } from './pace.ts'

/** How many at a time. Nothing is measured here that is compared with anything. */
const concurrency = 32

export const create = async (api: Api, { names, path, template }: CreateJob): Promise<Report> => {
  const paced = await measured({ concurrency, count: names.length }, async index => {
    await api.send('POST', path, { body: template.replaceAll('NAME', names[index] ?? ''), also: [409] })
  })
  return { ...paced, notes: {} }
}
