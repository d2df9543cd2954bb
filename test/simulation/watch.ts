import { declined, followedAt, travelMs, versionIn } from './messages.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'
import type { Rng } from './seed.ts'
import type { SimulatedProcess, Simulation } from './simulation.ts'

/** How long a watch that will be cut, or will fall silent, still lives at most, in milliseconds. */
const livesMs = 6_000

/** How long a watch is silent that speaks again, at most, in milliseconds. */
const pauseMs = 4_000

/** The lines of a watch as a process gets them: each later than it was written, in order, until it is cut. */
export async function* watchLines(
  simulation: Simulation,
  rng: Rng,
  self: SimulatedProcess,
  request: ApiRequest,
  stop: AbortSignal,
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
  })
  const stopped = (): void => end()
  stop.addEventListener('abort', stopped)
  if (stop.aborted) stopped()
  if (of) note({ what: 'watching', of, process: self.name, open: true })
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
    if (of && self.alive) note({ what: 'watching', of, process: self.name, open: false })
  }
}

interface Client {
  /** The next line is here. */
  line(text: string): void
  /** There will be no more: the server ended it in order, or something went wrong. */
  end(error?: Error): void
}

/** Opens a watch, by and by. Returns what closes it. */
const openWatch = (
  { faults, note, server, silent, time }: Simulation,
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
  let silentUntil = 0
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
    const opened = rng.chance(faults().declined)
      ? declined(rng)
      : server.watch(
          { method: request.method, path: request.path, query, userAgent: 'receiver-hooks' },
          { line: text => arrive(() => client.line(text)), end: () => arrive(() => client.end()) },
          () => {
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
    closeAtServer = opened
    // The head of the answer: from now on silence means that there is nothing to tell.
    arrive(cancelTimeout)
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
