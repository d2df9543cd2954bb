/**
 * Publishes the image and the chart of dist/release to a registry, and signs them: `publish.ts --registry HOST/PATH`. It needs
 * crane and cosign on PATH, and no package of node_modules: the job that may sign installs none. With --key FILE it signs by
 * this key, and sends nothing to Sigstore. With --outputs FILE it appends the digests to a file, as GitHub reads them.
 */
import { appendFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { publish, runProgram } from './release/publish.ts'
import { version } from '../src/version.ts'

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'dist/release' },
    registry: { type: 'string' },
    key: { type: 'string' },
    outputs: { type: 'string' },
  },
})
const { folder, key, outputs, registry } = values
if (registry === undefined) {
  console.error('--registry HOST/PATH must say where to publish')
  process.exit(2)
}
const published = await publish({ version, folder, registry, ...(key !== undefined && { key }) }, runProgram)
const lines = Object.entries(published).map(([name, digest]) => `${name}=${digest}\n`)
console.log(lines.join('').trim())
if (outputs !== undefined) await appendFile(outputs, lines.join(''))
