import type { Api } from './api.ts'
import type { ListJob, Report } from './job.ts'

/** As many as the product asks for. */
const pageSize = 250

export const list = async (api: Api, { path }: ListJob): Promise<Report> => {
  const began = performance.now()
  let [bytes, firstMs] = [0, NaN]
  for await (const page of pagesOf(api, path)) {
    if (bytes === 0) firstMs = performance.now() - began
    bytes += page.length
  }
  return { elapsedMs: performance.now() - began, latencies: [], notes: { bytes, firstMs } }
}

/** Returns a collection as the API server writes it. */
export async function* pagesOf(api: Api, path: string): AsyncGenerator<string, void, undefined> {
  let next: string | undefined = ''
  while (next !== undefined) {
    const { text } = await api.send('GET', `${path}?limit=${pageSize}${next && `&continue=${next}`}`)
    yield text
    // It stands before the items, or behind them, and in none of them.
    next = /"continue":"([^"]+)"/.exec(text.slice(0, 1000) + text.slice(-1000))?.[1]
  }
}
