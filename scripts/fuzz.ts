/**
 * Posts damaged messages at the senders: a million for each, made of the known bodies in test/senders/bodies. It ends with 1 at
 * the first that makes one throw. `node scripts/fuzz.ts [--bodies N] [--seed N] [sender ...]`
 */
import { parseArgs } from 'node:util'
import { senders } from '../src/senders/registry.ts'
import { knownBodies } from '../test/senders/bodies.ts'
import { wrongWith } from '../test/senders/invariants.ts'
import { mutated, seededChance } from '../test/senders/mutations.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { bodies: { type: 'string', default: '1000000' }, seed: { type: 'string' } },
})
const bodies = Number(values.bodies)
const seed = Number(values.seed ?? Date.now() % 2 ** 32)
const names = positionals.length > 0 ? positionals : senders.map(({ name }) => name)
console.log(`seed ${seed}`)

for (const name of names) {
  const known = knownBodies.filter(({ sender }) => sender === name).map(({ message }) => message)
  if (known.length === 0) {
    console.error(`no body of ${name} is known; there are: ${senders.map(sender => sender.name).join(', ')}`)
    process.exit(2)
  }
  const chance = seededChance(seed)
  const start = performance.now()
  let recognised = 0
  const recogniser = senders.find(sender => sender.name === name)
  for (let count = 1; count <= bodies; count++) {
    const message = mutated(known, chance)
    const wrong = wrongWith(message)
    if (wrong !== undefined) {
      console.error(`\n${name}, seed ${seed}, message ${count}: ${wrong}\n${JSON.stringify(message)}`)
      process.exit(1)
    }
    if (recogniser?.recognise(message) === true) recognised += 1
    if (process.stdout.isTTY && count % 10_000 === 0) process.stdout.write(`\r${name} ${count}`)
  }
  const seconds = (performance.now() - start) / 1000
  const share = Math.round((100 * recognised) / bodies)
  console.log(
    `${process.stdout.isTTY ? '\r' : ''}${name}: ${bodies} messages, ${share} % recognised, ${seconds.toFixed(1)} s`,
  )
}
