import type { Outbound } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { noFaults } from './faults.ts'
import { issuerURL, type IssuerAnswer } from './issuer.ts'
import { travelMs } from './messages.ts'
import type { Rng } from './seed.ts'
import type { SimulatedProcess, Simulation } from './simulation.ts'

type Answer = Pick<IssuerAnswer, 'body' | 'status'>

/** A host that processes send requests to. */
interface Host<T extends Answer> {
  /** What it makes of a request that has arrived. */
  answer(): T | 'refuses' | 'hangs'
  /** Takes note of what the process gets: an answer, or none. */
  got(answer: T | undefined): void
}

/** The way between one process and other hosts: the Services that posts are passed on to, and the issuer of ID tokens. */
export const outboundOf =
  (simulation: Simulation, rng: Rng, self: () => SimulatedProcess): Outbound =>
  request => {
    const process = self()
    if (!process.alive || process.mayCrash()) return new Promise(() => undefined)
    return request.url.startsWith(issuerURL)
      ? exchange(simulation, rng, process, request, issuerFor(simulation, process, new URL(request.url).pathname))
      : exchange(simulation, rng, process, request, serviceFor(simulation, rng, process, request))
  }

const exchange = <T extends Answer>(
  { faults, time }: Simulation,
  rng: Rng,
  process: SimulatedProcess,
  { timeoutMs, url }: Parameters<Outbound>[0],
  host: Host<T>,
): ReturnType<Outbound> =>
  new Promise((resolve, reject) => {
    let settled = false
    const settle = (run: () => void): void => {
      if (settled || process.mayCrash()) return
      settled = true
      cancel()
      run()
    }
    const fail = (why: string): void =>
      settle(() => {
        host.got(undefined)
        reject(new Unreachable(`${url}: ${why}`, true))
      })
    const refuse = (): void => void process.after(travelMs(rng, faults()), () => fail('connection refused'))
    const cancel = process.after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`))
    const { lost, refused } = faults()
    if (rng.chance(refused)) return refuse()
    if (rng.chance(lost)) return
    time.at(travelMs(rng, faults()), () => {
      const answer = host.answer()
      if (answer === 'hangs') return
      if (answer === 'refuses') return refuse()
      if (rng.chance(faults().lost)) return
      const { body, status } = answer
      process.after(travelMs(rng, faults()), () =>
        settle(() => {
          host.got(answer)
          resolve({ status, headers: {}, body })
        }),
      )
    })
    process.mayCrash()
  })

const serviceFor = (
  { faults, note }: Simulation,
  rng: Rng,
  { name }: SimulatedProcess,
  { headers = {}, url }: Parameters<Outbound>[0],
): Host<Answer> => {
  const about = { process: name, host: new URL(url).host, headers }
  note({ what: 'passed on', ...about, status: undefined })
  return {
    answer: () => {
      const status = faults() === noFaults ? 200 : rng.pick(statuses)
      if (status === 'hangs') return status
      note({ what: 'passed on', ...about, status })
      return { status, body: '' }
    },
    got: () => undefined,
  }
}

const issuerFor = ({ issuer, note }: Simulation, { name }: SimulatedProcess, path: string): Host<IssuerAnswer> => {
  const about = { what: 'issuer asked', process: name, path } as const
  note({ ...about, got: undefined })
  return {
    answer: () => issuer?.answer(path) ?? 'hangs',
    got: answer => note({ ...about, got: answer?.gives ?? 'nothing' }),
  }
}

/** What a Service does with a post in the time of faults. */
const statuses = [200, 200, 200, 202, 204, 204, 200, 200, 302, 404, 429, 500, 503, 'hangs'] as const
