import fc from 'fast-check'
import type { NetworkFault } from './faulty-connection.ts'
import { status } from './step-server.ts'
import { hooksOfWorld, type Script } from './step-world.ts'

const good: fc.WeightedArbitrary<NetworkFault> = { weight: 12, arbitrary: fc.constant('answered') }

/** What policies of the cluster say to counts. */
const refused: fc.Arbitrary<NetworkFault> = fc
  .constantFrom(422, 422, 422, 403)
  .map(code => ({ declined: status(code) }))

const fault: fc.Arbitrary<NetworkFault> = fc.oneof(
  good,
  { weight: 2, arbitrary: fc.constant('answer lost') },
  { weight: 2, arbitrary: fc.constant('lost on its way') },
  { weight: 1, arbitrary: fc.constant('never arrives') },
  { weight: 2, arbitrary: fc.record({ landsAfter: fc.oneof(fc.nat(60), fc.nat(6000)) }) },
  { weight: 1, arbitrary: fc.constantFrom(500, 504).map(code => ({ saysInstead: status(code) })) },
  { weight: 1, arbitrary: fc.constantFrom(429, 500, 503, 401).map(code => ({ declined: status(code) })) },
  { weight: 3, arbitrary: refused },
)

/** Most come close together, some late. */
const moment = fc.oneof(fc.nat(40), fc.nat(400), fc.nat(6000))
const process = fc.nat(2)

const scriptsOf = (named: fc.Arbitrary<boolean>, signed: fc.Arbitrary<boolean>): fc.Arbitrary<Script> =>
  fc.record({
    processes: fc.constantFrom(2, 3),
    deliveries: fc.array(
      fc.record({
        hook: fc.nat(hooksOfWorld.length - 1),
        named,
        signed,
        copies: fc.array(fc.record({ at: moment, process }), { minLength: 1, maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    outside: fc.array(fc.record({ at: moment, target: fc.nat(1), by: fc.integer({ min: -3, max: 3 }) }), {
      maxLength: 6,
    }),
    faults: fc.oneof(
      fc.array(fault, { maxLength: 80, size: 'max' }),
      fc.array(fc.oneof(fault, refused), { maxLength: 200, size: 'max' }),
    ),
    latencies: fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 300 })), {
      minLength: 1,
      maxLength: 9,
    }),
    deaths: fc.array(fc.record({ at: moment, process }), { maxLength: 2 }),
    compactions: fc.array(moment, { maxLength: 2 }),
    jumps: fc.array(fc.record({ at: moment, process, ms: fc.integer({ min: -9000, max: 9000 }) }), { maxLength: 2 }),
  })

/** Histories of two or three processes and up to a dozen deliveries in which anything can go wrong. */
export const scripts: fc.Arbitrary<Script> = scriptsOf(fc.boolean(), fc.constant(false))

/** The same, where each copy of a delivery has a name of its own, and all have one signed body, which counts once. */
export const signedScripts: fc.Arbitrary<Script> = scriptsOf(fc.constant(true), fc.boolean())
