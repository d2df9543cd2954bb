import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { notification } from '../support/alertmanager.ts'
import { compileCache } from '../support/compile-cache.ts'
import { kubectl, kubectlPath } from '../support/kubectl.ts'
import { startPlayground } from '../support/playground.ts'
import { post, until } from '../support/product.ts'
import { program } from '../support/program.ts'
import { listAt, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { listen } from '../../src/environment/listen.ts'

const anyPorts = ['--api-port', '0', '--trigger-port', '0', '--operations-port', '0', '--dashboard-port', '0']

const run = async (kubeconfig: string, ...args: string[]): Promise<string> => {
  const { code, stderr, stdout } = await kubectl(kubeconfig, args)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

const having = (part: string): unknown => expect.stringContaining(part)

/** Lists the pods without kubectl, which takes a tenth of a second of a processor each time. */
const podsOf = async (printed: string): Promise<readonly unknown[]> => {
  const [, server = ''] = /API server: (\S+)/.exec(printed) ?? []
  return listAt(await (await fetch(`${server}/api/v1/pods`)).json(), 'items')
}

const hookOf = (name: string, spec: object): object => ({ apiVersion, kind: hookKind, metadata: { name }, spec })

describe('the playground', () => {
  it('prints commands that work, each in one line of 80 columns, and takes everything along on SIGTERM', async () => {
    const playground = program(['playground', ...anyPorts], 'src/main.ts', { npm_lifecycle_event: 'playground' })
    await playground.said(line => (line.startsWith('Everything is in memory') ? line : undefined))
    expect(playground.lines.filter(line => line.length > 80)).toEqual([])
    const commands = playground.lines.filter(
      line => line.startsWith('    ') && /export|trigger|curl|kubectl/.test(line),
    )
    expect(commands).toHaveLength(7)
    const runnable = commands.join('\n')
    expect(runnable).toContain('\n    kubectl receiverhook trigger web-up\n')
    const PATH = [dirname(await kubectlPath()), process.env['PATH']].join(delimiter)
    const env = { ...compileCache, PATH, HOME: 'node_modules/.cache/kubectl' }
    const { stdout } = await promisify(execFile)('bash', ['-euc', runnable], { env })
    const said = [
      / Deployment\/web went from 2 to 3$/m,
      / Deployment\/web went from 3 to 2$/m,
      / rolled out Deployment\/web: web from nginx:1.29 to nginx:1.30$/m,
      /"from":2,"to":3/,
      /^receiverhook.receiverhooks.dev\/web-push /m,
    ]
    for (const each of said) expect(stdout).toMatch(each)
    const [, kubeconfig = ''] = /export KUBECONFIG=(\S+)/.exec(commands.join('\n')) ?? []
    expect(await playground.end('SIGTERM')).toBe(0)
    expect(existsSync(dirname(kubeconfig))).toBe(false)
  })

  it('started by its own name it prints commands of that name, and stops everything on SIGINT', async () => {
    const playground = program(['playground', ...anyPorts])
    await playground.said(line => (line.startsWith('Everything is in memory') ? line : undefined))
    const printed = playground.lines.join('\n')
    expect(printed).toMatch(/^ {4}receiver-hooks trigger /m)
    expect(printed).not.toContain('npm run')
    const [, server = ''] = /API server: (\S+)/.exec(printed) ?? []
    expect((await fetch(`${server}/api`)).status).toBe(200)
    expect(await playground.end('SIGINT')).toBe(0)
    await expect(fetch(`${server}/api`)).rejects.toThrow('fetch failed')
  })

  it('leaves no temporary kubeconfig when it ends at once, because its output has no reader', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'playground-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const pipe = `${process.execPath} src/main.ts playground ${anyPorts.join(' ')} | head -n 1`
    const env = { ...process.env, ...compileCache, TMPDIR: folder }
    const { stdout } = await promisify(execFile)('bash', ['-c', pipe], { env })
    expect(stdout).toContain('Starting an in-memory API server')
    expect(readdirSync(folder).filter(name => name.startsWith('receiver-hooks-'))).toEqual([])
  })

  it('says which flag to use when a port is taken', async () => {
    const other = createServer()
    const port = await listen(other, { host: '127.0.0.1', port: 0 })
    onTestFinished(() => void other.close())
    const args = ['src/main.ts', 'playground', ...anyPorts, '--api-port', String(port)]
    const failure: unknown = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 1,
      stderr: `another program uses port ${port} on 127.0.0.1: end that program, or choose another with --api-port PORT (0 takes any free one)\n`,
    })
  })

  it('runs the Jobs of a hook, which end with success or fail by their image', async () => {
    const { kubeconfig } = await startPlayground()
    const hook = {
      apiVersion: 'receiverhooks.dev/v1alpha1',
      kind: 'ReceiverHook',
      metadata: { name: 'run-report' },
      spec: { driver: 'runJob', runJob: { cronJob: 'report' } },
    }
    expect((await kubectl(kubeconfig, ['apply', '-f', '-'], JSON.stringify(hook))).code).toBe(0)
    const url = await until(
      () => run(kubeconfig, 'get', 'receiverhook', 'run-report', '-o', 'jsonpath={.status.triggerURL}'),
      text => text !== '',
    )
    const ends = (key: string) => post(`${url}?wait=20s`, undefined, { headers: { 'idempotency-key': key } })
    expect((await ends('a')).body).toMatchObject({ state: 'complete', reason: 'JobComplete' })
    const container = { name: 'report', image: 'busybox:failing' }
    const patch = { spec: { jobTemplate: { spec: { template: { spec: { containers: [container] } } } } } }
    await run(kubeconfig, 'patch', 'cronjob', 'report', '--type', 'merge', '-p', JSON.stringify(patch))
    expect((await ends('b')).body).toMatchObject({ state: 'failed', reason: 'JobFailed' })
  })

  it('has a Service to which a hook can pass a post on', async () => {
    const { kubeconfig, printed } = await startPlayground()
    const hook = JSON.stringify(
      hookOf('to-echo', { driver: 'forward', forward: { service: { name: 'echo', port: 'http' }, path: '/in' } }),
    )
    expect(await kubectl(kubeconfig, ['apply', '-f', '-'], hook)).toMatchObject({ code: 0 })
    const url = ['get', 'receiverhook', 'to-echo', '-o', 'jsonpath={.status.triggerURL}']
    const answer = await post(await until(() => run(kubeconfig, ...url), Boolean))
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    expect(printed()).toContain('echo got POST /in with 0 bytes')
  })

  it('lets hooks ask for ID tokens of the issuers that it was given', async () => {
    const { kubeconfig } = await startPlayground(undefined, [
      { url: 'https://issuer.example.com', keys: 'https://127.0.0.1:1/keys' },
    ])
    const hook = JSON.stringify(
      hookOf('from-issuer', {
        driver: 'restart',
        restart: { target: { name: 'web' } },
        auth: {
          oidc: {
            issuer: 'https://issuer.example.com',
            audience: 'https://hooks.example.com',
            claims: [{ name: 'sub', oneOf: ['a'] }],
          },
        },
      }),
    )
    expect(await kubectl(kubeconfig, ['apply', '-f', '-'], hook)).toMatchObject({ code: 0 })
    const reason = [
      'get',
      'receiverhook',
      'from-issuer',
      '-o',
      'jsonpath={.status.conditions[?(@.type=="Ready")].reason}',
    ]
    expect(await until(() => run(kubeconfig, ...reason), Boolean)).not.toBe('IssuerNotAllowed')
  })

  it('shows pods that follow the count and the image, and says why they have no log', async () => {
    const { kubeconfig, printed } = await startPlayground()
    const images = async (): Promise<string> =>
      (await podsOf(printed())).map(pod => stringAt(listAt(pod, 'spec', 'containers')[0], 'image')).join(' ')
    await until(images, seen => seen === 'nginx:1.29 nginx:1.29')
    await post(await run(kubeconfig, 'get', 'receiverhook', 'web-up', '-o', 'jsonpath={.status.triggerURL}'))
    await until(images, seen => seen === 'nginx:1.29 nginx:1.29 nginx:1.29')
    await run(kubeconfig, 'set', 'image', 'deployment/web', 'web=nginx:1.30')
    await until(images, seen => seen === 'nginx:1.30 nginx:1.30 nginx:1.30')
    await run(kubeconfig, 'rollout', 'status', 'deployment/web', '--timeout=60s')
    await run(kubeconfig, 'set', 'image', 'deployment/web', 'web=nginx:missing')
    const isWaiting = (pod: unknown): boolean =>
      stringAt(listAt(pod, 'status', 'containerStatuses')[0], 'state', 'waiting', 'reason') === 'ImagePullBackOff'
    await until(
      () => podsOf(printed()),
      seen => seen.some(isWaiting),
    )
    // Python's client refuses a container's status without imageID.
    const imageIDs = (await podsOf(printed())).map(pod => listAt(pod, 'status', 'containerStatuses')[0])
    for (const container of imageIDs) expect(container).toHaveProperty('imageID')
    const pods = await run(kubeconfig, 'get', 'pods', '--no-headers')
    const states = pods.replaceAll(/^\S+ +(\S+) +(\S+) .*$/gm, '$1 $2')
    expect(states.trim().split('\n').toSorted()).toEqual([
      '0/1 ImagePullBackOff',
      ...Array.from({ length: 3 }, () => '1/1 Running'),
    ])
    const late = await kubectl(kubeconfig, ['rollout', 'status', 'deployment/web', '--timeout=100s'])
    expect(late).toMatchObject({ code: 1, stderr: having('exceeded its progress deadline') })
    await run(kubeconfig, 'set', 'image', 'deployment/web', 'web=nginx:1.30')
    await until(images, seen => seen === 'nginx:1.30 nginx:1.30 nginx:1.30')
    expect((await kubectl(kubeconfig, ['logs', 'deployment/web'])).stderr).toContain(
      'there is no log: no container runs in the in-memory API server',
    )
    await run(kubeconfig, 'delete', 'pod', '--all', '--wait=false')
    await until(images, seen => seen === 'nginx:1.30 nginx:1.30 nginx:1.30')
    await run(kubeconfig, 'delete', 'deployment', 'web')
    await until(images, seen => seen === '')
    expect(printed()).not.toContain('"level"')
  })

  it('runs the main job with kubectl, from apply to delete', async () => {
    const { kubeconfig } = await startPlayground()
    const manifest = /```yaml\n(apiVersion: receiverhooks[^]*?)```/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''
    const named = manifest.replace('web-up', 'my-hook')
    const replicas = (): Promise<string> =>
      run(kubeconfig, 'get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}')

    const applied = await kubectl(kubeconfig, ['apply', '-f', '-'], named)
    expect(applied).toMatchObject({ code: 0, stdout: 'receiverhook.receiverhooks.dev/my-hook created\n' })
    await run(kubeconfig, 'wait', '--for=condition=Ready', 'receiverhook/my-hook', '--timeout=100s')
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
    // What a terminal of 80 columns shows in a line has no more than these.
    expect(await run(kubeconfig, 'get', 'receiverhooks', 'my-hook')).toMatch(
      /NAME +DRIVER +ACTION +TARGET +READY +REASON +LAST +AGE\n/,
    )
    const table = await run(kubeconfig, 'get', 'receiverhooks', 'my-hook', '-o', 'wide')
    expect(table).toMatch(
      /NAME +DRIVER +ACTION +TARGET +READY +REASON +SUSPENDED +BY +MIN +MAX +ACCOUNT +FOR +LEASED +LAST +DELIVERED +STATE +AGE/,
    )
    expect(table).toMatch(/my-hook +scale +up +Deployment\/web +True +Valid +false +1 +1 +4 /)
    expect(table).not.toContain('eyJ')

    await run(kubeconfig, 'delete', 'rhook', 'my-hook')
    const gone = await until(
      () => post(url),
      ({ status }) => status === 410,
    )
    expect(gone.body).toMatchObject({ reason: 'HookDeleted' })
  })
})
