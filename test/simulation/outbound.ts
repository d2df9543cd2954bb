import type { Outbound } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { noFaults } from './faults.ts'
import { travelMs } from './messages.ts'
import type { Rng } from './seed.ts'
import type { SimulatedProcess, Simulation } from './simulation.ts'

/** The way between one process and the Services that posts are passed on to. */
export const outboundOf =
  (simulation: Simulation, rng: Rng, self: () => SimulatedProcess): Outbound =>
  request =>
    new Promise((resolve, reject) => {
      const { faults, note, time } = simulation
      const process = self()
      if (!process.alive || process.mayCrash()) return
      const about = { process: process.name, host: new URL(request.url).host, headers: request.headers ?? {} }
      note({ what: 'passed on', ...about, status: undefined })
      let settled = false
      const settle = (run: () => void): void => {
        if (settled || process.mayCrash()) return
        settled = true
        cancel()
        run()
      }
      const fail = (why: string): void => settle(() => reject(new Unreachable(`${request.url}: ${why}`, true)))
      const cancel = process.after(request.timeoutMs, () => fail(`no answer within ${request.timeoutMs} ms`))
      const { lost, refused } = faults()
      if (rng.chance(refused)) return void process.after(travelMs(rng, faults()), () => fail('connection refused'))
      if (rng.chance(lost)) return
      time.at(travelMs(rng, faults()), () => {
        const status = faults() === noFaults ? 200 : rng.pick(statuses)
        if (status === 'hangs') return
        note({ what: 'passed on', ...about, status })
        if (rng.chance(faults().lost)) return
        process.after(travelMs(rng, faults()), () => settle(() => resolve({ status, headers: {}, body: '' })))
      })
      process.mayCrash()
    })

/** What a Service does with a post in the time of faults. */
const statuses = [200, 200, 200, 202, 204, 204, 200, 200, 302, 404, 429, 500, 503, 'hangs'] as const
