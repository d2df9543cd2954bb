import { answerOf } from './answering.ts'
import { declined, followedAt, travelMs, versionIn } from './messages.ts'
import type { ApiRequest, ApiResponse, Watch } from '../../src/environment/environment.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'
import type { Rng } from './seed.ts'
import type { SimulatedProcess, Simulation } from './simulation.ts'

/** How long a watch that will be cut, or will fall silent, still lives at most, in milliseconds. */
const livesMs = 6_000

/** How long a watch is silent that speaks again, at most, in milliseconds. */
const pauseMs = 4_000

/** A watch as a process has it: each line later than it was written, in order, until it is cut. */
export const watchOver = (
  simulation: Simulation,
  rng: Rng,
  self: SimulatedProcess,
  request: ApiRequest,
  stop: AbortSignal,
): Watch => {
  /** Once the watch is open: sends a request over its connection. */
  let send: Send | undefined
  let waiting: (() => void)[] = []
  const opened = (over: Send): void => {
    send = over
    for (const go of waiting) go()
    waiting = []
  }
  const lines = watchLines(simulation, rng, self, request, stop, opened)
  return {
    [Symbol.asyncIterator]: () => lines,
    ask: asked =>
      new Promise((resolve, reject) => {
        const late = (): void => reject(new Unreachable(`${asked.path}: no answer within ${asked.timeoutMs} ms`, true))
        const cancel = self.after(asked.timeoutMs, late)
        const go = (): void =>
          send?.(asked, response => {
            cancel()
            resolve(response)
          })
        if (send) go()
        else waiting.push(go)
      }),
  }
}

type Send = (request: ApiRequest, answered: (response: ApiResponse) => void) => void

async function* watchLines(
  simulation: Simulation,
  rng: Rng,
  self: SimulatedProcess,
  request: ApiRequest,
  stop: AbortSignal,
  opened: (send: Send) => void,
): AsyncGenerator<string, void, undefined> {
  const { note } = simulation
  const of = followedAt(request.path)
  const arrived: string[] = []
  let ending: { readonly error?: Error } | undefined
  let wake = (): void => undefined
  const end = (error?: Error): void => {
    if (ending) return
    ending = error ? { error } : {}
    close()
    wake()
  }
  const close = openWatch(simulation, rng, self, request, {
    line: text => {
      if (ending || self.mayCrash()) return
      if (of) note({ what: 'heard', of, process: self.name, version: versionIn(text) })
      arrived.push(text)
      wake()
    },
    end,
    opened,
  })
  const stopped = (): void => end()
  stop.addEventListener('abort', stopped)
  if (stop.aborted) stopped()
  try {
    for (;;) {
      for (let line = arrived.shift(); line !== undefined && !stop.aborted; line = arrived.shift()) yield line
      if (ending?.error) throw ending.error
      if (ending) return
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  } finally {
    stop.removeEventListener('abort', stopped)
    close()
  }
}

interface Client {
  /** The next line is here. */
  line(text: string): void
  /** There will be no more: the server ended it in order, or something went wrong. */
  end(error?: Error): void
  /** It is open: from now on requests can be sent over its connection. */
  opened(send: Send): void
}

/** Opens a watch, by and by. Returns what closes it. */
const openWatch = (
  { apiServers, faults, note, server, silent, time }: Simulation,
  rng: Rng,
  self: SimulatedProcess,
  request: ApiRequest,
  client: Client,
): (() => void) => {
  const { cut, lost, refused, stall } = faults()
  /** What is on its way, in order. */
  const onTheirWay: (() => void)[] = []
  let closeAtServer = (): void => undefined
  let closed = false
  /** Up to which version it has reported. */
  let version = Number(request.query?.['resourceVersion'] ?? 0)
  let silentUntil = 0
  /** The API server has ended it. The client hears of that later, and over this connection of nothing else. */
  let isOver = false
  const became = (what: string): void =>
    note({ what: 'request', process: self.name, asked: `WATCH ${request.path}`, became: what })

  const close = (): void => {
    closed = true
    silent.delete(onTheirWay)
    cancelTimeout()
    closeAtServer()
  }
  const fail = (why: string): void => {
    if (closed) return
    became(why)
    client.end(new Unreachable(`watch of ${request.path}: ${why}`, true))
  }
  const cancelTimeout = self.after(request.timeoutMs, () => fail(`no answer within ${request.timeoutMs} ms`))
  const arrive = (what: () => void): void => {
    if (silentUntil === Infinity) return
    onTheirWay.push(what)
    const pauseLeftMs = Math.max(0, silentUntil - time.now)
    self.after(pauseLeftMs + travelMs(rng, faults()), () => {
      const next = onTheirWay.shift()
      if (!closed) next?.()
    })
  }
  const open = (): void => {
    if (closed || !self.alive) return
    if (!server.up) return void self.after(travelMs(rng, faults()), () => fail('connection refused'))
    const query = { ...request.query, watch: 'true' }
    const apiServer = apiServers.pick(rng)
    const tell = (text: string): void => {
      version = Math.max(version, versionIn(text))
      arrive(() => client.line(text))
    }
    const opened = rng.chance(faults().declined)
      ? declined(rng)
      : server.watch(
          { method: request.method, path: request.path, query, userAgent: 'receiver-hooks' },
          {
            line: text => apiServer.later(() => tell(text)),
            end: () => apiServer.later(() => arrive(() => client.end())),
          },
          () => {
            isOver = true
            closeAtServer()
            self.after(travelMs(rng, faults()), () => fail('cut by the API server'))
          },
        )
    if (typeof opened !== 'function') {
      return arrive(() => {
        became(`refused, ${opened.status}`)
        client.end(new WatchRefused(opened.status, opened.body))
      })
    }
    const unfollow = apiServer.follow(() =>
      tell(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${version}"}}}`),
    )
    closeAtServer = () => {
      unfollow()
      opened()
    }
    // The head of the answer: from now on silence means that there is nothing to report.
    arrive(() => {
      cancelTimeout()
      client.opened((asked, answered) => {
        if (silentUntil === Infinity || isOver) return
        const ask = () => answerOf({ faults, server }, rng, self.name, asked)
        time.at(travelMs(rng, faults()), () =>
          apiServer.consistently(ask, response => {
            if (!isOver) arrive(() => answered(response))
          }),
        )
      })
    })
    if (rng.chance(cut)) self.after(rng.int(0, livesMs), () => fail('cut'))
    if (rng.chance(stall)) {
      self.after(rng.int(0, livesMs), () => {
        silentUntil = rng.chance(0.5) ? Infinity : time.now + rng.int(1, pauseMs)
        if (closed) return
        became(`silent until ${silentUntil}`)
        if (silentUntil === Infinity) silent.add(onTheirWay)
      })
    }
  }

  self.onEnd(close)
  if (!self.mayCrash()) {
    if (rng.chance(refused)) self.after(travelMs(rng, faults()), () => fail('connection refused'))
    else if (!rng.chance(lost)) time.at(travelMs(rng, faults()), open)
    self.mayCrash()
  }
  return close
}
