import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { crds } from '../../src/drivers/registry.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { kubeconfigFor } from '../../apiserver/playground/kubeconfig.ts'

const folder = mkdtempSync(join(tmpdir(), 'completion-'))
const env = {
  HOME: folder,
  KUBECONFIG: join(folder, 'kubeconfig'),
  TERM: 'xterm',
  PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
}
let stop = async (): Promise<void> => undefined

/** `receiver-hooks` in PATH, and an API server with two hooks to complete. */
beforeAll(async () => {
  const program = join(folder, 'bin', 'receiver-hooks')
  mkdirSync(join(folder, 'bin'))
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${resolve('src/main.ts')}' "$@"\n`)
  chmodSync(program, 0o755)
  const server = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
  const api = connect({ server: server.url })
  stop = async () => {
    await api.close()
    await server.close()
  }
  writeFileSync(env.KUBECONFIG, kubeconfigFor(server.url))
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) await send(api, { method: 'POST', path: definitions, body: JSON.stringify(crd) })
  await send(api, { method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name: 'shop' } }) })
  for (const name of ['web-down', 'web-up']) {
    const scale = { target: { name: 'web' }, action: 'up', max: 3 }
    const object = { apiVersion, kind: hookKind, metadata: { name }, spec: { driver: 'scale', scale } }
    await create(api, hooks, 'shop', object)
  }
})
afterAll(async () => {
  await stop()
  rmSync(folder, { recursive: true })
})

const ran = async (shell: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(shell, args, { env, cwd: folder, timeout: 60_000 })).stdout

describe('fish', () => {
  /** Returns what fish itself would offer for a line. */
  const offered = async (line: string): Promise<readonly string[]> => {
    const commands = `receiver-hooks completion fish | source; complete -C '${line}'`
    const lines = (await ran('fish', '--no-config', '-c', commands)).split('\n').filter(text => text !== '')
    return lines.map(text => text.split('\t')[0] ?? '')
  }

  it.each([
    ['receiver-hooks rot', ['rotate']],
    ['receiver-hooks describe -n shop ', ['web-down', 'web-up']],
    ['receiver-hooks describe -n shop web-u', ['web-up']],
    ['receiver-hooks create x --action ', ['down', 'up']],
    ['receiver-hooks get --kubeconfig kube', ['kubeconfig']],
    ['receiver-hooks create x --max ', []],
  ])('offers for "%s" %j', async (line, words) => {
    expect([...(await offered(line))].sort()).toEqual(words)
  })
})

describe('zsh', () => {
  /** Returns what a terminal shows in which these keys were pressed, once it has shown `end`. */
  const shown = async (keys: string, end: string): Promise<string> => {
    const script = join(folder, 'press.zsh')
    writeFileSync(
      script,
      `zmodload zsh/zpty
zpty shell 'zsh -f -i'
shown= part=
until-shown() { until [[ $shown == *$1* ]]; do zpty -r shell part || break; shown+=$part; done }
zpty -w shell 'autoload -U compinit && compinit -u -D; source <(receiver-hooks completion zsh); print re""ady'
until-shown ready
shown=
zpty -w -n shell ${keys}
until-shown ${JSON.stringify(end)}
print -r -- $shown
zpty -d shell
`,
    )
    return await ran('zsh', '-f', script)
  }

  it('completes the name of a hook, so that the command runs with it', async () => {
    const keys = "$'receiver-hooks get -o name -n shop web-u\\t\\n'"
    expect(await shown(keys, 'receiverhook.receiverhooks.dev/web-up')).toContain(
      'receiverhook.receiverhooks.dev/web-up',
    )
  })

  it('completes a command, a flag and a value', async () => {
    const keys = "$'receiver-hooks crea\\tnew --act\\tup --target web --max 3 --dry-run=cl\\t-o name -n shop\\n'"
    expect(await shown(keys, 'receiverhook.receiverhooks.dev/new')).toContain('receiverhook.receiverhooks.dev/new')
  })

  it('offers all that begin so, each with its meaning', async () => {
    const text = await shown("$'receiver-hooks comp\\t\\t'", 'fish')
    expect(text).toMatch(/completion[^]*bash[^]*fish/)
  })
})
