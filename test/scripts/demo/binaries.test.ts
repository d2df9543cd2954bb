import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { monitoringBinaries } from '../../../scripts/demo/binaries.ts'

/** Returns a folder with programs that say which version they have, and nothing that this project has built. */
const machineWith = (programs: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(join(tmpdir(), 'demo-path-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, says] of Object.entries(programs)) {
    const file = join(folder, name)
    writeFileSync(file, `#!/bin/sh\necho '${says}'\n`)
    chmodSync(file, 0o755)
  }
  return { folder, env: { PATH: `/nowhere:${folder}`, XDG_CACHE_HOME: folder } }
}

const prometheus = 'prometheus, version 3.5.0 (branch: HEAD, revision: 0)'
const alertmanager = 'alertmanager, version 0.28.1 (branch: HEAD, revision: 0)'

it.each(['alertmanager', 'prometheus-alertmanager'])('what is in PATH is used, Alertmanager as %s', name => {
  const { env, folder } = machineWith({ prometheus, [name]: alertmanager })
  expect(monitoringBinaries(env)).toEqual({ prometheus: join(folder, 'prometheus'), alertmanager: join(folder, name) })
})

it.each([
  ['Alertmanager is missing', { prometheus }],
  ['Alertmanager cannot read url_file yet', { prometheus, alertmanager: alertmanager.replace('0.28.1', '0.25.0') }],
  ['a program of that name is another', { prometheus, alertmanager: 'hello' }],
])('where %s it says how to get both', (_what, programs) => {
  const { env } = machineWith(programs)
  expect(() => monitoringBinaries(env)).toThrow('npm run cluster:binaries -- prometheus alertmanager')
})
