import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { hasOlderNode, olderNode } from '../support/older-node.ts'
import { buildPlugin, type Plugin } from '../support/plugin.ts'
import { shell } from '../support/shell.ts'

const program = { entries: commands, version: '', summary: '' }

describe('a Node that is older than what serves takes', () => {
  it.each(['serve', 'playground'])('is refused by %s with what to do, and not its help', async name => {
    await expect(runProgram({ ...program, node: '22.1.0' }, [name], shell().shell)).rejects.toThrow(
      `${name} needs Node 24 or later, and this is Node 22.1.0: install it from https://nodejs.org, or run the image`,
    )
    expect(await runProgram({ ...program, node: '22.1.0' }, [name, '--help'], shell().shell)).toBe(0)
  })
})

/** An installation over the network takes so long at most, in milliseconds; later runs take it from the cache. */
const timeoutMs = 300_000

describe.skipIf(!hasOlderNode)('the oldest Node that is supported', () => {
  let plugin: Plugin
  let older = ''
  beforeAll(async () => {
    older = await olderNode(process.env)
    plugin = await buildPlugin()
  }, timeoutMs)
  afterAll(() => plugin.remove())

  it('is another than the one that runs this', () => {
    const version = execFileSync(older, ['--version'], { encoding: 'utf8', env: {} })
    expect(version).toMatch(/^v20\./)
    expect(process.version).not.toBe(version.trim())
  })

  it.each(commands.map(({ name }) => name))('loads %s and shows its help', name => {
    const bundle = join(plugin.folder, 'dist', 'kubectl-receiverhook.mjs')
    const help = execFileSync(older, [bundle, name, '--help'], { encoding: 'utf8', env: {} })
    expect(help).toContain(`Usage: kubectl receiverhook ${name}`)
  })
})
