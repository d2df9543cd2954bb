import { describe, expect, it } from 'vitest'
import { readStream, type StreamRefusal } from '../../../dashboard/page/stream.ts'
import { fakeClock, settle } from '../../support/clock.ts'

const refusalOf = (status: number, message = '', retryAfterMs = 1_000): StreamRefusal => ({
  status,
  refusal: { reason: 'Refused', message },
  retryAfterMs,
})

/** Starts a server whose answers a test writes, piece by piece. It refuses the stream while `refuses` says so. */
const start = (refuses: () => StreamRefusal | undefined = () => undefined) => {
  const clock = fakeClock()
  const opened: {
    readonly headers: Readonly<Record<string, string>>
    readonly stop: AbortSignal
    readonly send: (text: string) => void
    readonly cut: () => void
  }[] = []
  const received: string[] = []
  let heard = 0
  const handle = readStream(
    {
      after: (ms, run) => clock.after(ms, run),
      open: async (_path, headers, stop): Promise<AsyncIterable<string> | StreamRefusal> => {
        const queue: (string | undefined)[] = []
        let wake = (): void => undefined
        const push = (piece: string | undefined): void => {
          queue.push(piece)
          wake()
        }
        opened.push({ headers, stop, send: push, cut: () => push(undefined) })
        stop.addEventListener('abort', () => wake())
        const text = async function* (): AsyncGenerator<string> {
          for (;;) {
            if (stop.aborted) throw new Error('aborted')
            if (queue.length === 0) await new Promise<void>(resolve => (wake = resolve))
            else {
              const piece = queue.shift()
              if (piece === undefined) return
              yield piece
            }
          }
        }
        return refuses() ?? text()
      },
    },
    () => '/api/stream',
    {
      event: event => void received.push(event.type),
      link: (state, why) => void received.push(why === '' ? state : `${state}: ${why}`),
      heard: () => void (heard += 1),
      refused: ({ refusal, status }) => void received.push(`refused ${status}: ${refusal.message}`),
    },
  )
  return { clock, opened, received, handle, heard: () => heard }
}

describe("the page's side of the stream", () => {
  it('reads events however they are cut into pieces', async () => {
    const { opened, received } = start()
    await settle()
    for (const piece of ['data: {"type":"he', 'llo","version":"1"}\n', '\n:\n\nid: 5\ndata: {"type":"synced"}\n\n'])
      opened[0]?.send(piece)
    await settle()
    expect(received).toEqual(['live', 'hello', 'synced'])
  })

  it('opens it again from the last id when it is cut', async () => {
    const { clock, opened, received } = start()
    await settle()
    opened[0]?.send('id: 5\ndata: {"type":"synced"}\n\n')
    await settle()
    opened[0]?.cut()
    await clock.advance(250)
    expect(opened[1]?.headers).toEqual({ 'last-event-id': '5' })
    expect(received).toEqual(['live', 'synced', 'lost', 'live'])
  })

  it('lists again where a list was cut', async () => {
    const { clock, opened } = start()
    await settle()
    opened[0]?.send('id: 5\ndata: {"type":"synced"}\n\ndata: {"type":"begin"}\n\n')
    await settle()
    opened[0]?.cut()
    await clock.advance(500)
    expect(opened[1]?.headers).toEqual({})
  })

  it('waits longer each time its list is cut, until one is complete', async () => {
    const { clock, opened } = start()
    for (let cuts = 0; cuts < 20; cuts++) {
      await clock.advance(1_000)
      opened.at(-1)?.send('data: {"type":"begin"}\n\ndata: {"type":"rows","rows":[]}\n\n')
      await settle()
      opened.at(-1)?.cut()
    }
    expect(opened.length).toBeLessThan(10)
    await clock.advance(5_000)
    opened.at(-1)?.send('data: {"type":"begin"}\n\nid: 5\ndata: {"type":"synced"}\n\n')
    await settle()
    const before = opened.length
    opened.at(-1)?.cut()
    await clock.advance(250)
    expect(opened).toHaveLength(before + 1)
    expect(opened.at(-1)?.headers).toEqual({ 'last-event-id': '5' })
  })

  it('takes a connection that says nothing for 32 s for dead', async () => {
    const { clock, opened, received } = start()
    await clock.advance(20_000)
    opened[0]?.send(':\n\n')
    await clock.advance(20_000)
    expect(received).toEqual(['live'])
    await clock.advance(13_000)
    expect(received).toEqual(['live', 'lost', 'live'])
  })

  it('waits longer each time it is refused, and asks no more where nobody is signed in', async () => {
    let status = 503
    const { clock, opened, received } = start(() => refusalOf(status, 'because'))
    await clock.advance(10_000)
    expect(opened.length).toBeLessThan(8)
    expect(new Set(received)).toEqual(new Set(['lost: because']))
    status = 401
    await clock.advance(10_000)
    expect(received.at(-1)).toBe('refused 401: because')
    expect(clock.pending).toBe(0)
  })

  it('asks no more for a namespace that is no name', async () => {
    const { clock, opened, received } = start(() => refusalOf(400, 'namespace is not a valid name'))
    await clock.advance(60_000)
    expect([received, opened.length]).toEqual([['refused 400: namespace is not a valid name'], 1])
  })

  it('waits for as long as the server wants, and never for hours', async () => {
    let retryAfterMs = 8_000
    const { clock, opened } = start(() => refusalOf(429, 'too many pages are open; close some', retryAfterMs))
    await clock.advance(7_900)
    expect(opened).toHaveLength(1)
    retryAfterMs = 3_600_000
    await clock.advance(200)
    expect(opened).toHaveLength(2)
    await clock.advance(30_000)
    expect(opened).toHaveLength(3)
  })

  it('notes when something arrives, also if that is no event', async () => {
    const { heard, opened } = start()
    await settle()
    opened[0]?.send(':\n\n')
    opened[0]?.send('data: {"type":"synced"}\n\n')
    await settle()
    expect(heard()).toBe(2)
  })

  it('gives its connection back when it is paused, and resumes where it was', async () => {
    const { clock, handle, opened } = start()
    await settle()
    opened[0]?.send('id: 5\ndata: {"type":"synced"}\n\n')
    await settle()
    handle.pause()
    await settle()
    expect([opened[0]?.stop.aborted, clock.pending]).toEqual([true, 0])
    handle.resume()
    await settle()
    expect(opened[1]?.headers).toEqual({ 'last-event-id': '5' })
    handle.pause()
    await settle()
    expect(clock.pending).toBe(0)
  })

  it('stops when it has ended for good', async () => {
    const { clock, opened, received } = start()
    await settle()
    opened[0]?.send('data: {"type":"ended","why":"expired","message":""}\n\n')
    opened[0]?.cut()
    await clock.advance(60_000)
    expect([received, opened.length]).toEqual([['live', 'ended'], 1])
  })
})
