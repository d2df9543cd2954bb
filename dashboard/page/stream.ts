import { tryParseJson } from '../../src/api/json.ts'
import type { ServerRefusal, StreamEvent } from '../protocol.ts'

/** The browser's interfaces that reading a stream needs. */
export interface StreamReaderWorld {
  /** Opens the stream, whose text arrives in pieces. Throws if the connection is lost. */
  readonly open: (
    path: string,
    headers: Readonly<Record<string, string>>,
    stop: AbortSignal,
  ) => Promise<AsyncIterable<string> | StreamRefusal>
  readonly after: (ms: number, run: () => void) => () => void
}

/** Why the server does not accept a request. */
export interface StreamRefusal {
  readonly status: number
  readonly refusal: ServerRefusal
  /** The shortest time before the next attempt, in milliseconds. */
  readonly retryAfterMs: number
}

export interface StreamListener {
  readonly event: (event: StreamEvent) => void
  /**
   * Called with `live` when the server has accepted the stream, and with `lost` when the stream is
   * cut or not accepted. `why` is the server's message, or empty.
   */
  readonly link: (state: 'live' | 'lost', why: string) => void
  /** Called when something has arrived. */
  readonly heard: () => void
  /** Called when another attempt makes no sense: nobody is signed in, or the request is wrong. */
  readonly refused: (refusal: StreamRefusal) => void
}

export interface StreamHandle {
  /** Pauses the stream. It can be resumed from its position. */
  pause(): void
  resume(): void
}

/** Stands for a connection that is lost without an answer. */
const cut: StreamRefusal = { status: 0, refusal: { reason: '', message: '' }, retryAfterMs: 0 }

/**
 * How long a stream may be silent, in milliseconds. The server sends something every 15 s. So after
 * this time two of its signals are missing.
 */
const silenceMs = 32_000

const pauses = [250, 500, 1_000, 2_000, 5_000] as const

/** The longest pause that the server can ask for, in milliseconds. */
const maxPauseMs = 30_000

/**
 * Reads the stream of hooks, and resumes it when it is cut. EventSource does not suffice: it sends
 * no header and reports no status, so an ended session would look like a lost network.
 */
export const readStream = (world: StreamReaderWorld, path: () => string, listener: StreamListener): StreamHandle => {
  let lastId = ''
  let running: AbortController | undefined
  /** True if the server has accepted the stream in the last attempt. */
  let opened = false

  const readOnce = async (paused: AbortSignal): Promise<'ended' | StreamRefusal> => {
    const dead = new AbortController()
    const watch = (): (() => void) => world.after(silenceMs, () => dead.abort())
    let cancelWatch = watch()
    const heard = (): void => {
      cancelWatch()
      cancelWatch = watch()
      listener.heard()
    }
    try {
      const headers = lastId === '' ? {} : { 'last-event-id': lastId }
      const response = await world.open(path(), headers, AbortSignal.any([paused, dead.signal]))
      if ('status' in response) {
        if (response.status !== 400 && response.status !== 401) return response
        listener.refused(response)
        return 'ended'
      }
      opened = true
      listener.link('live', '')
      let ended = false
      for await (const { data, id } of eventsIn(response, heard)) {
        if (id !== undefined) lastId = id
        const event = tryParseJson(data)
        if (!isStreamEvent(event)) continue
        if (event.type === 'begin') lastId = ''
        ended ||= event.type === 'ended'
        listener.event(event)
      }
      return ended ? 'ended' : cut
    } catch {
      return cut
    } finally {
      cancelWatch()
    }
  }

  const run = async (paused: AbortSignal): Promise<void> => {
    let failures = 0
    for (;;) {
      opened = false
      const how = await readOnce(paused)
      if (how === 'ended' || paused.aborted) return
      listener.link('lost', how.refusal.message)
      // A list that was cut begins again, so it costs as much as before.
      failures = opened && lastId !== '' ? 0 : failures + 1
      const pause = pauses[Math.min(failures, pauses.length - 1)] ?? 0
      await new Promise<void>(resolve => {
        const cancel = world.after(Math.max(pause, Math.min(how.retryAfterMs, maxPauseMs)), resolve)
        paused.addEventListener('abort', () => {
          cancel()
          resolve()
        })
      })
      if (paused.aborted) return
    }
  }

  const resume = (): void => {
    if (running !== undefined) return
    const stop = new AbortController()
    running = stop
    void run(stop.signal).finally(() => {
      if (running === stop) running = undefined
    })
  }
  resume()
  return {
    resume,
    pause: () => {
      running?.abort()
      running = undefined
    },
  }
}

const isStreamEvent = (event: unknown): event is StreamEvent =>
  typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string'

interface RawEvent {
  readonly id?: string
  readonly data: string
}

/**
 * Splits text into events, as in section 9.2.6 of the HTML standard. Calls `heard` for each chunk.
 * Each event of this server has one `data` line, and perhaps one `id` line.
 */
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
