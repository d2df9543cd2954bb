import { at, isObject, parseJson } from '../../src/api/json.ts'
import type { Report, StreamJob } from './job.ts'

/** Reads the stream. `firstMs` is when the first rows came, after the request, and `elapsedMs` when the last came. */
export const stream = async ({ headers, url }: StreamJob): Promise<Report> => {
  const began = performance.now()
  const response = await fetch(url, { headers })
  if (response.status !== 200 || !response.body) throw new Error(`the stream: ${response.status}`)
  let [rest, firstMs, rows] = ['', NaN, 0]
  const decoder = new TextDecoder()
  for await (const chunk of response.body) {
    if (!(chunk instanceof Uint8Array)) continue
    const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = event.split('\n').find(line => line.startsWith('data: '))
      const said = data === undefined ? undefined : parseJson(data.slice('data: '.length))
      const listed = at(said, 'rows')
      if (Array.isArray(listed)) rows += listed.filter(isObject).length
      if (rows > 0 && Number.isNaN(firstMs)) firstMs = performance.now() - began
      if (at(said, 'type') !== 'synced') continue
      const elapsedMs = performance.now() - began
      return { elapsedMs, latencies: [], notes: { firstMs, rows } }
    }
  }
  throw new Error('the stream ended before all rows were there')
}
