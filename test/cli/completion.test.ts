import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { complete } from '../../cli/completion/complete.ts'
import { completionScript } from '../../cli/completion/scripts.ts'
import { commands } from '../../src/registry.ts'

const offered = async (line: string): Promise<readonly string[]> => {
  const { offers } = await complete(commands, line.split(' '), { env: { KUBECONFIG: '/nowhere' } })
  return offers.map(({ word }) => word)
}

describe('completion', () => {
  it('offers every command, and those that begin so', async () => {
    expect(await offered('')).toEqual(commands.map(({ name }) => name))
    expect(await offered('de')).toEqual(['describe', 'deny', 'delete'])
  })

  it.each(commands.map(({ name }) => name))('offers every flag of %s', async name => {
    const command = await commands.find(entry => entry.name === name)?.load()
    expect(await offered(`${name} --`)).toEqual(command?.options.map(({ flag }) => `--${flag}`))
  })

  it.each([
    ['create x --action ', ['up', 'down']],
    ['create x --action=u', ['--action=up']],
    ['get -o j', ['json']],
    ['snippet graf', ['grafana']],
    ['keys r', ['rotate']],
    ['trigger x --sender docker', ['docker-hub']],
    ['import r', ['rancher']],
    ['trigger --wait --sen', ['--sender']],
    ['trigger --wait --sender docker', ['docker-hub']],
    ['keys drop ', []],
    ['serve c', ['controller']],
    ['list --sel', ['--selector']],
    ['nonsense ', []],
    ['create x --max ', []],
  ])('offers for "%s" %j', async (line, words) => {
    expect(await offered(line)).toEqual(words)
  })

  it('has a script that bash takes', () => {
    const script = completionScript('bash', 'receiver-hooks')
    expect(spawnSync('bash', ['-n'], { input: script }).stderr.toString()).toBe('')
    const used = `receiver-hooks() { printf 'web-up\\tone\\nweb-down\\n:4\\n'; }
${script}
COMP_WORDS=(receiver-hooks url ''); COMP_CWORD=2; _receiver_hooks; printf '%s,' "\${COMPREPLY[@]}"`
    expect(spawnSync('bash', ['-c', used]).stdout.toString()).toBe('web-up,web-down,')
  })
})
