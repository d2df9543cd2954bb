import { at, parseJson, stringAt } from '../../src/api/json.ts'
import type { Api } from './api.ts'
import type { DeleteJob, Report } from './job.ts'
import { pagesOf } from './list.ts'
import { measured } from './pace.ts'

/** How many at a time: the API server itself deletes a collection one by one, which takes longer than it lets a request. */
const concurrency = 32

export const deleteAll = async (api: Api, { path }: DeleteJob): Promise<Report> => {
  const names: string[] = []
  for await (const page of pagesOf(api, path)) {
    const items = at(parseJson(page), 'items')
    for (const item of Array.isArray(items) ? items : []) names.push(stringAt(item, 'metadata', 'name') ?? '')
  }
  const paced = await measured({ concurrency, count: names.length }, async index => {
    await api.send('DELETE', `${path}/${names[index] ?? ''}`, { also: [404] })
  })
  return { ...paced, notes: {} }
}
