import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('a program ends as others do when nobody takes its output any more', () => {
  const line = `'${process.execPath}' src/main.ts --help | true; exit \${PIPESTATUS[0]}`
  const { status, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 141, stderr: '' })
})
