import type { Definitions } from '../../src/kube/definitions.ts'
import type { ApiConnection, Environment, Expressions, Outbound } from '../../src/environment/environment.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { fakeClock, type FakeClock } from './clock.ts'
import { seededRandom } from './random.ts'

export interface TestEnvironment extends Environment {
  readonly clock: FakeClock
  /** Every log line so far, as JSON text, from `debug` up. */
  readonly lines: string[]
}

/** A connection to nothing: every request is refused. */
export const noApi: ApiConnection = {
  request: request => Promise.reject(refused(request.path)),
  watch: request => ({
    ask: asked => Promise.reject(refused(asked.path)),
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(refused(request.path)) }),
  }),
}

/** Returns a network with nobody on it. */
export const noOutbound: Outbound = ({ url }) => Promise.reject(refused(url))

/** For tests that look at no custom kind. */
export const noDefinitions: Definitions = {
  countOf: (apiVersion, kind) => Promise.reject(new Error(`this test looks at no ${apiVersion} ${kind}`)),
}

/** For tests that have no expression. */
export const noExpressions: Expressions = {
  check: () => Promise.resolve({ unavailable: 'this test checks no expression' }),
  evaluate: () => Promise.resolve({ unavailable: 'this test evaluates no expression' }),
  keepReady: () => {},
}

const refused = (path: string): Unreachable => new Unreachable(`${path}: this test has no API server`, false)

/** Returns an environment in which nothing surprises: its own clock, seeded bytes, its own metrics, and log lines to look at. */
export const testEnvironment = (
  overrides: Partial<Omit<Environment, 'clock'>> & { readonly clock?: FakeClock } = {},
): TestEnvironment => {
  const clock = overrides.clock ?? fakeClock()
  const lines: string[] = []
  return {
    random: seededRandom(1),
    api: noApi,
    expressions: noExpressions,
    outbound: noOutbound,
    log: pinoLog({ level: 'debug', clock, write: line => void lines.push(line.trimEnd()) }),
    metrics: promMetrics(),
    ...overrides,
    clock,
    lines,
  }
}
