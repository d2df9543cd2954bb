import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../../src/cli/program.ts'
import { commands } from '../../src/commands/registry.ts'
import { buildPlugin, type Plugin } from '../support/plugin.ts'
import { shell } from '../support/shell.ts'

const program = { entries: commands, version: '', summary: '' }

describe('a Node that is older than what serves takes', () => {
  it.each(['serve', 'playground'])('is refused by %s with what to do, and not its help', async name => {
    await expect(runProgram({ ...program, node: '22.1.0' }, [name], shell().shell)).rejects.toThrow(
      `${name} takes Node 24 or later, and this is Node 22.1.0: install it from https://nodejs.org, or run the image`,
    )
    expect(await runProgram({ ...program, node: '22.1.0' }, [name, '--help'], shell().shell)).toBe(0)
  })
})

/** The machine's own Node: the one beside this test's is newer. */
const own = process.env['PATH']?.split(':').filter(folder => !folder.includes('node_modules')) ?? []
const older = own
  .map(folder => join(folder, 'node'))
  .find(node => /^v2[0-3]\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''))

describe.skipIf(older === undefined)("the machine's own older Node", () => {
  let plugin: Plugin
  beforeAll(async () => void (plugin = await buildPlugin()))
  afterAll(() => plugin.remove())

  it.each(commands.map(({ name }) => name))('loads %s and shows its help', name => {
    const bundle = join(plugin.folder, 'dist', 'kubectl-receiverhook.mjs')
    const help = execFileSync(older ?? '', [bundle, name, '--help'], { encoding: 'utf8', env: {} })
    expect(help).toContain(`Usage: kubectl receiverhook ${name}`)
  })
})
