import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { notification } from '../support/alertmanager.ts'
import { kubectl, kubectlPath } from '../support/kubectl.ts'
import { post, until } from '../support/product.ts'
import { program } from '../support/program.ts'
import { listen } from '../../src/environment/listen.ts'

const anyPorts = ['--api-port', '0', '--trigger-port', '0', '--operations-port', '0']

const start = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'playground-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  const playground = program(['playground', ...anyPorts, '--kubeconfig', kubeconfig])
  await playground.said(line => (line.startsWith('Everything is in memory') ? line : undefined))
  return { playground, kubeconfig }
}

const run = async (kubeconfig: string, ...args: string[]): Promise<string> => {
  const { code, stderr, stdout } = await kubectl(kubeconfig, args)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** The console blocks of the README, without their prompts. */
const readmeLines = [...readFileSync('README.md', 'utf8').matchAll(/```console\n([^]*?)```/g)].flatMap(
  ([, block = '']) =>
    block
      .split('\n')
      .map(line => line.replace(/^\$ /, ''))
      .filter(line => /^(kubectl|curl) /.test(line)),
)

describe('the playground', () => {
  it('prints URLs that work', async () => {
    const { playground } = await start()
    const urls = playground.lines.flatMap(line => /curl -X POST (\S+)/.exec(line)?.[1] ?? [])
    expect(urls).toHaveLength(2)
    expect((await post(urls[0] ?? '')).body).toMatchObject({ outcome: 'applied', from: 2, to: 3 })
    expect((await post(urls[1] ?? '')).body).toMatchObject({ outcome: 'applied', from: 3, to: 2 })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stops everything on %s', async signal => {
    const { kubeconfig, playground } = await start()
    expect(await playground.end(signal)).toBe(0)
    expect((await kubectl(kubeconfig, ['get', 'ns'])).code).not.toBe(0)
  })

  it('says which flag to use when a port is taken', async () => {
    const other = createServer()
    const port = await listen(other, { host: '127.0.0.1', port: 0 })
    onTestFinished(() => void other.close())
    const args = ['src/main.ts', 'playground', ...anyPorts, '--api-port', String(port)]
    const failure: unknown = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 1,
      stderr: `port ${port} is taken: choose another with --api-port PORT (0 takes any free one)\n`,
    })
  })

  it('runs every kubectl and curl line of the README as printed', async () => {
    const { kubeconfig } = await start()
    const path = [dirname(await kubectlPath()), process.env['PATH']].join(delimiter)
    expect(readmeLines.length).toBeGreaterThan(8)
    for (const line of readmeLines) {
      const env = { ...process.env, PATH: path, KUBECONFIG: kubeconfig }
      const { stdout } = await promisify(execFile)('bash', ['-c', line], { env })
      expect(`${line}: ${stdout}`).toMatch(/: .+/)
    }
  })

  it('runs the main job with kubectl, from apply to delete', async () => {
    const { kubeconfig } = await start()
    const manifest = /```yaml\n(apiVersion: receiverhooks[^]*?)```/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''
    const named = manifest.replace('web-up', 'my-hook')
    const replicas = (): Promise<string> =>
      run(kubeconfig, 'get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}')

    const applied = await kubectl(kubeconfig, ['apply', '-f', '-'], named)
    expect(applied).toMatchObject({ code: 0, stdout: 'receiverhook.receiverhooks.dev/my-hook created\n' })
    await run(kubeconfig, 'wait', '--for=condition=Ready', 'receiverhook/my-hook', '--timeout=5s')
    const url = await run(kubeconfig, 'get', 'rhook', 'my-hook', '-o', 'jsonpath={.status.triggerURL}')
    expect((await post(url)).body).toMatchObject({ outcome: 'applied', from: 2, to: 3 })
    expect((await post(url, notification('firing', 'first notification'))).body).toMatchObject({ to: 4 })
    expect(await replicas()).toBe('4')

    const again = await kubectl(kubeconfig, ['apply', '-f', '-'], named.replace('max: 10', 'max: 4'))
    expect(again.stdout).toBe('receiverhook.receiverhooks.dev/my-hook configured\n')
    expect(await run(kubeconfig, 'get', 'rhook', 'my-hook', '-o', 'jsonpath={.status.triggerURL}')).toBe(url)
    expect((await post(url)).body).toMatchObject({ outcome: 'unchanged', reason: 'AtBound', from: 4, to: 4 })

    const bad = await kubectl(kubeconfig, ['apply', '-f', '-'], named.replace('max: 10', 'min: 20\n    max: 10'))
    expect(bad.code).toBe(1)
    expect(bad.stderr).toContain('must not be below min: raise max or lower min')

    await run(kubeconfig, 'scale', 'deployment/web', '--replicas=0')
    expect((await post(url)).body).toMatchObject({ outcome: 'applied', from: 0, to: 1 })
    const table = await run(kubeconfig, 'get', 'receiverhooks', 'my-hook', '-o', 'wide')
    expect(table).toMatch(/NAME +DRIVER +ACTION +TARGET +READY +REASON +BY +MIN +MAX +LAST +AGE/)
    expect(table).toMatch(/my-hook +scale +up +Deployment\/web +True +Valid +1 +1 +4 /)
    expect(table).not.toContain('eyJ')

    await run(kubeconfig, 'delete', 'rhook', 'my-hook')
    const gone = await until(
      () => post(url),
      ({ status }) => status === 410,
    )
    expect(gone.body).toMatchObject({ reason: 'HookDeleted' })
  })
})
