import { answerOf } from './answering.ts'
import { declined, followedAt, travelMs, versionIn } from './messages.ts'
import type { ApiRequest, ApiResponse, Watch } from '../../src/environment/environment.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'
import type { SimulatedApiServer } from './api-servers.ts'
import type { Faults } from './faults.ts'
import type { Rng } from './seed.ts'
import type { SimulatedServer } from './server.ts'
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
  simulation: Simulation,
  rng: Rng,
  self: SimulatedProcess,
  request: ApiRequest,
  client: Client,
): (() => void) => {
  const watch = new OpenWatch(simulation, rng, self, request, client)
  const close = (): void => watch.close()
  self.onEnd(close)
  if (!self.mayCrash()) {
    watch.begin()
    self.mayCrash()
  }
  return close
}

/** One watch of a process, and its connection. */
class OpenWatch {
  readonly #simulation: Simulation
  readonly #rng: Rng
  readonly #process: SimulatedProcess
  readonly #request: ApiRequest
  readonly #client: Client
  /** The faults of this watch, as they were when it was asked for. */
  readonly #ownFaults: Faults
  readonly #cancelTimeout: () => void
  /** What is on its way, in order. */
  readonly #onTheirWay: (() => void)[] = []
  #closeAtServer = (): void => undefined
  #isClosed = false
  /** Up to which version it has reported. */
  #version: number
  #silentUntil = 0
  /** The API server has ended it. The client hears of that later, and over this connection of nothing else. */
  #isOver = false

  constructor(simulation: Simulation, rng: Rng, process: SimulatedProcess, request: ApiRequest, client: Client) {
    this.#simulation = simulation
    this.#rng = rng
    this.#process = process
    this.#request = request
    this.#client = client
    this.#ownFaults = simulation.faults()
    this.#version = Number(request.query?.['resourceVersion'] ?? 0)
    this.#cancelTimeout = process.after(request.timeoutMs, () => this.#fail(`no answer within ${request.timeoutMs} ms`))
  }

  begin(): void {
    const { lost, refused } = this.#ownFaults
    if (this.#rng.chance(refused)) this.#failLater('connection refused')
    else if (!this.#rng.chance(lost)) this.#simulation.time.at(this.#travelMs(), () => this.#open())
  }

  close(): void {
    this.#isClosed = true
    this.#simulation.silent.delete(this.#onTheirWay)
    this.#cancelTimeout()
    this.#closeAtServer()
  }

  #travelMs(): number {
    return travelMs(this.#rng, this.#simulation.faults())
  }

  #note(became: string): void {
    this.#simulation.note({
      what: 'request',
      process: this.#process.name,
      asked: `WATCH ${this.#request.path}`,
      became,
    })
  }

  #fail(why: string): void {
    if (this.#isClosed) return
    this.#note(why)
    this.#client.end(new Unreachable(`watch of ${this.#request.path}: ${why}`, true))
  }

  #failLater(why: string): void {
    this.#process.after(this.#travelMs(), () => this.#fail(why))
  }

  #arrive(what: () => void): void {
    if (this.#silentUntil === Infinity) return
    this.#onTheirWay.push(what)
    const pauseLeftMs = Math.max(0, this.#silentUntil - this.#simulation.time.now)
    this.#process.after(pauseLeftMs + this.#travelMs(), () => {
      const next = this.#onTheirWay.shift()
      if (!this.#isClosed) next?.()
    })
  }

  #open(): void {
    if (this.#isClosed || !this.#process.alive) return
    if (!this.#simulation.server.up) return this.#failLater('connection refused')
    const apiServer = this.#simulation.apiServers.pick(this.#rng)
    const opened = this.#ask(apiServer)
    if (typeof opened !== 'function') {
      return this.#arrive(() => {
        this.#note(`refused, ${opened.status}`)
        this.#client.end(new WatchRefused(opened.status, opened.body))
      })
    }
    const unfollow = apiServer.follow(() =>
      this.#report(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${this.#version}"}}}`),
    )
    const forget = apiServer.onRestart(() => this.#cutByServer())
    this.#closeAtServer = () => {
      forget()
      unfollow()
      opened()
    }
    // The head of the answer: from now on silence means that there is nothing to report.
    this.#arrive(() => {
      this.#cancelTimeout()
      this.#client.opened((asked, answered) => this.#send(apiServer, asked, answered))
    })
    this.#disturb()
  }

  /** Asks the API server for the watch. Returns what ends it there, or a refusal. */
  #ask(apiServer: SimulatedApiServer): ReturnType<SimulatedServer['watch']> {
    const { faults, server } = this.#simulation
    const { method, path } = this.#request
    const query = { ...this.#request.query, watch: 'true' }
    if (this.#rng.chance(faults().declined)) return declined(this.#rng)
    return server.watch(
      { method, path, query, userAgent: 'receiver-hooks' },
      {
        line: text => apiServer.later(() => this.#report(text)),
        end: () => apiServer.later(() => this.#arrive(() => this.#client.end())),
      },
      () => this.#cutByServer(),
      this.#request.user,
      apiServer.lost,
    )
  }

  #cutByServer(): void {
    this.#isOver = true
    this.#closeAtServer()
    this.#failLater('cut by the API server')
  }

  #report(text: string): void {
    this.#version = Math.max(this.#version, versionIn(text))
    this.#arrive(() => this.#client.line(text))
  }

  /** Sends a request over the connection of the watch. */
  #send(apiServer: SimulatedApiServer, ...[asked, answered]: Parameters<Send>): void {
    if (this.#silentUntil === Infinity || this.#isOver) return
    const { time } = this.#simulation
    const by = { process: this.#process.name, sentAt: time.now, apiServer }
    const ask = () => answerOf(this.#simulation, this.#rng, by, asked)
    time.at(this.#travelMs(), () =>
      apiServer.consistently(ask, response => {
        if (!this.#isOver) this.#arrive(() => answered(response))
      }),
    )
  }

  /** Cuts the connection later on, or makes it silent, by chance. */
  #disturb(): void {
    const { cut, stall } = this.#ownFaults
    const rng = this.#rng
    if (rng.chance(cut)) this.#process.after(rng.int(0, livesMs), () => this.#fail('cut'))
    if (!rng.chance(stall)) return
    this.#process.after(rng.int(0, livesMs), () => {
      const { silent, time } = this.#simulation
      this.#silentUntil = rng.chance(0.5) ? Infinity : time.now + rng.int(1, pauseMs)
      if (this.#isClosed) return
      this.#note(`silent until ${this.#silentUntil}`)
      if (this.#silentUntil === Infinity) silent.add(this.#onTheirWay)
    })
  }
}
