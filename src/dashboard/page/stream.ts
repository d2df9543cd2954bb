import { tryParseJson } from '../../api/json.ts'
import type { StreamEvent } from '../protocol.ts'

/** What reads a stream needs of the browser. */
export interface StreamWorld {
  readonly open: (path: string, headers: Readonly<Record<string, string>>, stop: AbortSignal) => Promise<StreamResponse>
  readonly after: (ms: number, run: () => void) => () => void
}

export interface StreamResponse {
  readonly status: number
  /** The text as it comes; throws when it is cut. */
  readonly text: () => AsyncIterable<string>
}

export interface StreamListener {
  readonly event: (event: StreamEvent) => void
  /** Events come, or come no longer. */
  readonly link: (state: 'live' | 'lost') => void
  /** The server refused to open it: nobody is signed in. */
  readonly refused: (status: number) => void
}

export interface StreamHandle {
  /** Ends it. It can be opened again from where it was. */
  pause(): void
  resume(): void
  close(): void
}

/** The server sends something at least every 15 s: after two that are missing the connection is dead. */
const silenceMs = 32_000

const pauses = [250, 500, 1_000, 2_000, 5_000] as const

/**
 * Reads the stream of hooks, and opens it again from where it was whenever it is cut. An EventSource could send no header and
 * tells no status, so that a session that has ended would look like a lost network.
 */
export const readStream = (world: StreamWorld, path: () => string, listener: StreamListener): StreamHandle => {
  let lastId = ''
  let running: AbortController | undefined
  let closed = false
  /** Whether the last attempt got an answer. */
  let opened = false

  const readOnce = async (stop: AbortController): Promise<'ended' | 'cut'> => {
    const watchdog = silence(world, () => stop.abort())
    try {
      const response = await world.open(path(), lastId === '' ? {} : { 'last-event-id': lastId }, stop.signal)
      if (response.status === 401) {
        listener.refused(response.status)
        return 'ended'
      }
      if (response.status !== 200) return 'cut'
      opened = true
      listener.link('live')
      let ended = false
      for await (const { data, id } of eventsIn(response.text(), watchdog.heard)) {
        if (id !== undefined) lastId = id
        const event = tryParseJson(data)
        if (!isStreamEvent(event)) continue
        if (event.type === 'begin') lastId = ''
        ended ||= event.type === 'ended'
        listener.event(event)
      }
      return ended ? 'ended' : 'cut'
    } catch {
      return 'cut'
    } finally {
      watchdog.cancel()
    }
  }

  const run = async (stop: AbortController): Promise<void> => {
    let failures = 0
    for (;;) {
      const attempt = new AbortController()
      stop.signal.addEventListener('abort', () => attempt.abort())
      opened = false
      const how = await readOnce(attempt)
      if (how === 'ended' || stop.signal.aborted) return
      listener.link('lost')
      failures = opened ? 0 : failures + 1
      await pausing(pauses[Math.min(failures, pauses.length - 1)] ?? 0, stop.signal)
      if (stop.signal.aborted) return
    }
  }

  const pausing = (ms: number, stop: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      const cancel = world.after(ms, resolve)
      stop.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })

  const resume = (): void => {
    if (closed || running !== undefined) return
    const stop = new AbortController()
    running = stop
    void run(stop).finally(() => {
      if (running === stop) running = undefined
    })
  }
  const pause = (): void => {
    running?.abort()
    running = undefined
  }
  resume()
  return {
    pause,
    resume,
    close: () => {
      closed = true
      pause()
    },
  }
}

const silence = (world: StreamWorld, dead: () => void): { heard: () => void; cancel: () => void } => {
  let cancel = world.after(silenceMs, dead)
  return {
    heard: () => {
      cancel()
      cancel = world.after(silenceMs, dead)
    },
    cancel: () => cancel(),
  }
}

const isStreamEvent = (event: unknown): event is StreamEvent =>
  typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string'

interface RawEvent {
  readonly id?: string
  readonly data: string
}

/** Splits text into events (HTML, 9.2.6): what the server sends has one `data` line, and perhaps one `id`. */
async function* eventsIn(chunks: AsyncIterable<string>, heard: () => void): AsyncGenerator<RawEvent, void, undefined> {
  let rest = ''
  for await (const chunk of chunks) {
    heard()
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const lines = part.split('\n')
      const data = lines.find(line => line.startsWith('data: '))?.slice('data: '.length)
      const id = lines.find(line => line.startsWith('id: '))?.slice('id: '.length)
      if (data !== undefined) yield { data, ...(id === undefined ? {} : { id }) }
    }
  }
}
