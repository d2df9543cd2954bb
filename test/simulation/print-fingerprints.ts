// Prints the seed and the fingerprint of COUNT histories from FIRST on, a line each. `fingerprints.ts` runs this file in the
// tree of an earlier revision too: it may use only what every revision has.
import { fingerprint } from './figures.ts'
import { runHistory } from './history.ts'

Error.stackTraceLimit = 0
process.noDeprecation = true

const [first = 1, count = 1] = process.argv.slice(2).map(Number)
for (let seed = first; seed < first + count; seed++) console.log(seed, fingerprint(await runHistory(seed)))
process.exit(0)
