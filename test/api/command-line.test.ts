import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, parseJson } from '../../src/api/json.ts'
import { reasons } from '../../src/api/reasons.ts'
import { nodeClock } from '../../src/environment/system.ts'
import { create } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { rancherExport } from '../cli/rancher-export.ts'
import { commandLine } from '../support/command-line.ts'
import { kubectl, kubectlPath } from '../support/kubectl.ts'
import { buildPlugin, type Plugin } from '../support/plugin.ts'
import { cluster, product } from '../support/product.ts'

/** The plugin of the real kubectl. Where a test is not about that, its commands run in this process. */
let plugin: Plugin
beforeAll(async () => void (plugin = await buildPlugin()))
afterAll(() => plugin.remove())

const having = (part: string): unknown => expect.stringContaining(part)
const anyText: unknown = expect.any(String)
const withoutToken = (): unknown => expect.not.stringMatching(/eyJ[\w-]+\.[\w-]+/)

const setUp = async (replicas = 2) => {
  const here = await cluster()
  await here.createDeployment('web', replicas)
  const running = await product(here)
  /** Runs a command, in the namespace of the test if the command has one. */
  const run = (line: string, stdin = '') => {
    const place = line.startsWith('completion') ? [] : ['-n', here.namespace]
    return commandLine(here.kubeconfig, [...line.split(' '), ...place], stdin)
  }
  /** Returns what it prints, where it has to go well. */
  const said = async (line: string, stdin = ''): Promise<string> => {
    const { code, stderr, stdout } = await run(line, stdin)
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: anyText })
    return stdout
  }
  return { ...here, ...running, run, said }
}

describe('kubectl receiverhook', { timeout: 120_000 }, () => {
  it("is kubectl's plugin: it takes its input, prints results and errors, and ends with its exit code", async () => {
    const { kubeconfig, namespace, run } = await setUp()
    const { stdout } = await run('create web-up --target web --action up --max 10 --dry-run client -o yaml')
    expect(await kubectl(kubeconfig, ['apply', '-f', '-'], stdout)).toMatchObject({ code: 0 })
    for (const line of ['get -o name', 'inspect-token', 'url nothing', 'gte', 'get --server http://127.0.0.1:1']) {
      const args = [...line.split(' '), '-n', namespace]
      const [own, under] = await Promise.all([
        commandLine(kubeconfig, args, 'nonsense'),
        plugin.run(kubeconfig, args, { stdin: 'nonsense' }),
      ])
      expect({ line, ...under }).toEqual({ line, ...own })
    }
  })

  it('says after create what comes next, and to nobody who asked for an object', async () => {
    const { createHook, kubeconfig, namespace, url } = await setUp()
    // A controller leads, and has keys.
    await createHook('first', {})
    await url('first')
    // The command waits two seconds for the first status, in which a busy machine may do little.
    const patient = { ...nodeClock, monotonic: () => nodeClock.monotonic() / 15 }
    const run = (line: string) => commandLine(kubeconfig, [...line.split(' '), '-n', namespace], '', patient)
    const there = await run('create web-up --target web --action up --max 10')
    expect(there.stderr).toBe(`web-up is ready. Its URL: kubectl receiverhook url web-up -n ${namespace}\n`)
    const missing = await run('create floor --target hpa/floor --action down')
    expect(missing).toMatchObject({ code: 0, stdout: 'receiverhook.receiverhooks.dev/floor created\n' })
    expect(missing.stderr).toContain(
      'floor is not ready yet (TargetNotFound): there is no HorizontalPodAutoscaler/floor',
    )
    expect(missing.stderr).toContain('\nCreate it, or correct')
    expect(missing.stderr).toContain(`Its URL: kubectl receiverhook url floor -n ${namespace}\n`)
    expect((await run('create quiet --target web --action down -o name')).stderr).toBe('')
    expect((await run('create dry --target web --action down --dry-run server')).stderr).toBe('')
  })

  it.each(['docker-hub', 'image'])('posts a push of the image that the hook waits for, as %s does', async sender => {
    const { run, said, url } = await setUp()
    await run('create web-push --driver redeploy --target web --image nginx --tags-glob v*')
    await url('web-push')
    expect(await said(`trigger web-push --sender ${sender} --dry-run`)).toContain('200 applied RolledOut')
  })

  it('describe says of each reason what it means, and cuts no Event', async () => {
    const { run, said, url } = await setUp()
    await run('create web-push --driver redeploy --target web --image ghcr.io/acme/other')
    await url('web-push')
    await run('trigger web-push --sender docker-hub')
    const seen = async (): Promise<string> => await said('describe web-push')
    await expect.poll(seen).toContain('NotForThisHook')
    expect(await seen()).toContain('NotForThisHook: No workload of this hook runs the pushed image')
  })

  it('creates, shows, changes, copies, suspends and deletes hooks', async () => {
    const { hook, namespace, replicas, run, said, url } = await setUp()
    expect(await said('create web-up --target web --action up --max 10')).toBe(
      'receiverhook.receiverhooks.dev/web-up created\n',
    )
    expect(await run('create web-up --target web --action up --max 5')).toMatchObject({
      code: 1,
      stderr: `there is already a hook web-up in the namespace ${namespace}; choose another name, or change it: kubectl receiverhook set web-up -n ${namespace}\n`,
    })
    const published = await url('web-up')
    expect(await said('url web-up')).toBe(`${published}\n`)
    expect(await said('url receiverhook.receiverhooks.dev/web-up')).toBe(`${published}\n`)
    const lines = (await said('get')).split('\n')
    expect(lines[0]).toMatch(/^NAME +DRIVER +ACTION +TARGET +COUNT +READY +REASON +LAST$/)
    expect(lines[1]).toMatch(/^web-up +scale +up +Deployment\/web +2 \(1-10\) +True +Valid +never$/)
    expect(await said('list -o name')).toBe('receiverhook.receiverhooks.dev/web-up\n')
    expect(at(parseJson(await said('get web-up -o json')), 'status', 'triggerURL')).toBe(published)
    expect(at(parse(await said('get -o yaml')), 'kind')).toBe('List')
    expect(await said('set web-up --max 12 --cooldown 1ms')).toBe('receiverhook.receiverhooks.dev/web-up changed\n')
    expect(at(await hook('web-up'), 'spec')).toMatchObject({ scale: { max: 12 }, cooldown: '1ms' })
    expect(await said('set web-up --max 12')).toBe('receiverhook.receiverhooks.dev/web-up unchanged\n')
    expect(await said('clone web-up web-down --action down')).toContain('web-down created')
    expect(at(await hook('web-down'), 'spec')).toMatchObject({ scale: { action: 'down', max: 12 }, cooldown: '1ms' })
    expect(await said('suspend web-up')).toContain('suspended')
    expect(await said('suspend web-up')).toContain('was already suspended')
    expect(await said('get web-up')).toMatch(/Suspended/)
    expect(await said('resume web-up')).toContain('resumed')
    expect(await said('delete web-up')).toBe('receiverhook.receiverhooks.dev/web-up deleted\n')
    expect(await hook('web-up')).toBeUndefined()
    expect(await run('url web-up')).toEqual({
      code: 1,
      stdout: '',
      stderr: `there is no hook web-up in the namespace ${namespace}; it has web-down\n`,
    })
    expect(await replicas('web')).toBe(2)
  })

  it('posts to a hook, and says what came of it', async () => {
    const { createHook, replicas, run, said, until, url } = await setUp()
    await createHook('web-up', { max: 4, overshoot: 'reject' })
    await url('web-up')
    // The trigger learns of the hook a moment later.
    await until(
      () => run('trigger web-up --dry-run'),
      ({ code }) => code === 0,
    )
    expect(await said('trigger web-up --dry-run')).toBe('200 applied Stepped: Deployment/web would go from 2 to 3\n')
    expect(await said('trigger web-up --sender alertmanager')).toContain('went from 2 to 3')
    expect(at(parseJson(await said('trigger web-up --id one -o json')), 'to')).toBe(4)
    expect(await said('trigger web-up --id one')).toContain('200 skipped Duplicate')
    expect(await replicas('web')).toBe(4)
  })

  it('ends with 4 where a post is answered with something else than 2xx', async () => {
    const { createHook, run, until, url } = await setUp(4)
    await createHook('web-up', { max: 5, by: 3, overshoot: 'reject' })
    await url('web-up')
    const ran = await until(
      () => run('trigger web-up'),
      ({ stderr }) => stderr.includes('\n409'),
    )
    expect(ran).toMatchObject({ code: 4, stdout: '', stderr: having('409 rejected WouldPassBound') })
  })

  it('writes manifests that kubectl takes', async () => {
    const { kubeconfig, namespace, said } = await setUp()
    const manifest = await said(
      'create web-up --target Deployment/web --action up --by 25% --max 10 --dry-run client -o yaml',
    )
    const applied = await kubectl(kubeconfig, ['apply', '-f', '-'], manifest)
    expect(applied).toMatchObject({ code: 0, stdout: having('web-up created') })
    expect(at(parse(manifest), 'metadata')).toEqual({ name: 'web-up', namespace })
    expect(await said('create other --target web --action up --max 3 --dry-run server')).toContain('server dry run')
    expect(await said('get -o name')).toBe('receiverhook.receiverhooks.dev/web-up\n')
  })

  it('rotates a URL, and says of one what it is', async () => {
    const { createHook, patchHook, run, said, systemNamespace, url } = await setUp()
    await createHook('web-up', {})
    const first = await url('web-up')
    const inspect = (text: string) => run(`inspect-token --system-namespace ${systemNamespace}`, text)
    expect(await inspect(first)).toMatchObject({ code: 0, stdout: having('the current URL') })
    const shown = (await said('rotate web-up --show')).trim()
    expect(shown).not.toBe(first)
    expect(await inspect(first)).toMatchObject({ code: 0, stdout: having('an old URL') })
    await patchHook('web-up', { spec: { token: { overlap: '0s' } } })
    expect(await inspect(first)).toMatchObject({ code: 1, stdout: having('rotated out') })
    expect((await said('rotate web-up --overlap 0s')).trim()).toBe('')
    expect(await inspect(shown)).toMatchObject({ code: 1, stdout: having('rotated out') })
    expect(await inspect('nonsense')).toMatchObject({ code: 1, stderr: having("not a hook's URL") })
    const forged = first.replace(/.{20}$/, 'AAAAAAAAAAAAAAAAAAAA')
    expect(await inspect(forged)).toMatchObject({ code: 1, stdout: having('not signed') })
  })

  it('shows deliveries as they come, one per line, until it is stopped', async () => {
    const { createHook, kubeconfig, namespace, said, until, url } = await setUp()
    await createHook('web-up', {})
    await url('web-up')
    const watching = await plugin.start(kubeconfig, ['watch', '-n', namespace])
    const table = await plugin.start(kubeconfig, ['get', '-w', '-n', namespace])
    await until(
      () => Promise.resolve(watching.out() + table.out()),
      text => /watching[^]*web-up/.test(text),
    )
    await said('trigger web-up --sender alertmanager')
    const printed = await until(
      () => Promise.resolve(watching.out()),
      text => text.includes('applied'),
    )
    expect(printed).toMatch(/^\d\d:\d\d:\d\d {2}web-up {8}alertmanager {2}applied {4}Stepped {9}2 -> 3$/m)
    await until(
      () => Promise.resolve(table.out()),
      text => /web-up .* 3 \(1-10\) .* applied \d+s$/m.test(text),
    )
    expect(await watching.end('SIGINT')).toBe(130)
    expect(await table.end('SIGTERM')).toBe(130)
  })

  it.each(['bearer', 'basic', 'header', 'hmac', 'timed', 'base64', 'webhooks'] as const)(
    'writes a curl that proves what a hook asks for by %s',
    async form => {
      const { api, createHook, kubeconfig, namespace, replicas, said, until } = await setUp()
      const webhook = Buffer.from(`whsec_${Buffer.alloc(32, 7).toString('base64')}`).toString('base64')
      const data = { token: 'dG9rZW4=', username: 'dXNlcg==', password: 'cGFzcw==', webhook }
      await create(api, secrets, namespace, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sender' }, data })
      const secretKeyRef = { name: 'sender', key: 'token' }
      const auth = {
        bearer: { bearer: { secretKeyRef } },
        basic: { basic: { secretRef: { name: 'sender' } } },
        header: { header: { name: 'X-Secret', secretKeyRef } },
        hmac: { hmac: { secretKeyRef } },
        timed: { hmac: { secretKeyRef, timestamp: { header: 'X-Time', prefix: 'v0:' } } },
        base64: { hmac: { secretKeyRef, encoding: 'base64' } },
        webhooks: { standardWebhooks: { secretKeyRef: { name: 'sender', key: 'webhook' } } },
      }[form]
      await createHook('web-up', {}, { auth })
      await until(
        () => said('trigger web-up --dry-run').catch(String),
        text => text.startsWith('200'),
      )
      const script = await said('snippet curl web-up --bare')
      const kubectlFolder = dirname(await kubectlPath())
      const env = { PATH: `${kubectlFolder}:${process.env['PATH'] ?? ''}`, KUBECONFIG: kubeconfig, HOME: plugin.folder }
      const { stdout } = await promisify(execFile)('sh', ['-euc', script], { env })
      expect(parseJson(stdout)).toMatchObject({ outcome: 'applied', from: 2, to: 3 })
      expect(await replicas('web')).toBe(3)
    },
  )

  it('says that it cannot sign for a hook that checks with a public key', async () => {
    const { api, createHook, namespace, run, url } = await setUp()
    const key = `whpk_${Buffer.alloc(32, 7).toString('base64')}`
    const data = { key: Buffer.from(key).toString('base64') }
    await create(api, secrets, namespace, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sender' }, data })
    const secretKeyRef = { name: 'sender', key: 'key' }
    await createHook('web-up', {}, { auth: { standardWebhooks: { secretKeyRef } } })
    await url('web-up')
    const { code, stderr } = await run('trigger web-up')
    expect(stderr).toContain('only the sender, who has the private one, can sign a post to this hook')
    expect(code).toBe(1)
  })

  it('says which Secret of auth is missing, or which key of it', async () => {
    const { api, createHook, namespace, run, url } = await setUp()
    await createHook('web-up', {}, { auth: { bearer: { secretKeyRef: { name: 'sender', key: 'token' } } } })
    await url('web-up')
    const { todo } = reasons.AuthSecretNotFound
    expect(await run('trigger web-up')).toMatchObject({
      code: 1,
      stderr: `auth names Secret/sender, which does not exist\n${todo}\n`,
    })
    const data = { tokn: 'dG9rZW4=' }
    await create(api, secrets, namespace, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sender' }, data })
    expect(await run('trigger web-up')).toMatchObject({
      code: 1,
      stderr: `Secret/sender has no key token, or it is empty\n${todo}\n`,
    })
  })

  it('says how to try a hook that takes messages of one topic alone, which it cannot sign', async () => {
    const { createHook, replicas, run, url } = await setUp()
    const topicArn = 'arn:aws:sns:eu-central-1:123456789012:web-load'
    await createHook('web-up', {}, { auth: { sns: { topicArn } } })
    await url('web-up')
    const { code, stderr } = await run('trigger web-up')
    expect(stderr).toContain(`aws sns publish --topic-arn ${topicArn}`)
    expect(code).toBe(1)
    expect(await replicas('web')).toBe(2)
  })

  it('writes the configurations of senders', async () => {
    const { createHook, run, said, url } = await setUp()
    await createHook('web-up', {})
    const published = await url('web-up')
    const names = (await run('snippet nothing web-up')).stderr.match(/only for (.*)/)?.[1]?.split(', ') ?? []
    expect(names.length).toBeGreaterThan(15)
    // Alertmanager gets the token in a header that it hides, Datadog the whole URL.
    const [, token = ''] = /\/([^/]+)$/.exec(published) ?? []
    expect(await said('snippet alertmanager web-up')).toContain(`credentials: ${token}\n`)
    expect(await said('snippet datadog web-up')).toContain(published)
  })

  it('completes names and flags through kubectl itself', async () => {
    const { createHook, kubeconfig, namespace, said } = await setUp()
    await createHook('web-up', {})
    await createHook('web-down', { action: 'down' })
    const script = join(plugin.folder, 'kubectl_complete-receiverhook')
    writeFileSync(script, await said('completion kubectl'), { mode: 0o755 })
    const complete = async (...words: string[]): Promise<readonly string[]> => {
      const { stdout } = await plugin.complete(kubeconfig, words)
      return stdout
        .split('\n')
        .flatMap(line => (line.startsWith(':') || line === '' ? [] : [line.split('\t')[0] ?? '']))
    }
    expect(await complete('-n', namespace, 'url', '')).toEqual([])
    expect(await complete('url', '-n', namespace, '')).toEqual(['web-down', 'web-up'])
    expect(await complete('sus')).toEqual(['suspend'])
    expect(await complete('snippet', 'graf')).toEqual(['grafana'])
  })

  it('looks at all that has to be right', async () => {
    const { createHook, run, systemNamespace, url } = await setUp()
    await createHook('web-up', {})
    await createHook('lost', { target: { name: 'nowhere' } })
    await url('web-up')
    await url('lost')
    const { code, stdout } = await run(`doctor --system-namespace ${systemNamespace} -o json`)
    expect(code).toBe(1)
    const findings: unknown = parseJson(stdout)
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ about: 'definitions', is: 'ok' }),
        expect.objectContaining({ about: 'controller', is: 'ok' }),
        expect.objectContaining({ about: 'endpoint', is: 'ok' }),
        expect.objectContaining({ about: 'keys', is: 'ok' }),
        expect.objectContaining({ about: 'hooks', message: '1 of 2 are ready' }),
        expect.objectContaining({ is: 'failure', todo: reasons.TargetNotFound.todo }),
      ]),
    )
    const elsewhere = await run('doctor --system-namespace nowhere')
    expect(elsewhere.stdout).toMatch(/^failure {2}controller: no controller leads in the namespace nowhere$/m)
  })

  it("imports Rancher's receivers, which kubectl applies and a post runs", async () => {
    const { kubeconfig, namespace, replicas, run, said, url } = await setUp(2)
    const words = `import rancher - --service 1s5=web --pool MachineDeployment/workers`
    const imported = await run(words, JSON.stringify(rancherExport))
    expect(imported.stderr).toContain('scale-up-web: it has a new URL')
    const applied = await kubectl(kubeconfig, ['apply', '-f', '-'], imported.stdout)
    expect(applied).toMatchObject({ code: 0, stdout: having('scale-up-web created') })
    for (const name of ['scale-up-web', 'scale-down-web', 'upgrade-web']) await url(name)
    expect(await said('trigger scale-up-web')).toContain('went from 2 to 4')
    expect(await said('trigger scale-down-web')).toContain('skipped Suspended')
    // Rancher's serviceUpgrade: the services with these labels took the tag that was pushed, and no other.
    const labelled = await kubectl(kubeconfig, [
      '-n',
      namespace,
      'label',
      'deployment',
      'web',
      'app=web',
      '--overwrite',
    ])
    expect(labelled).toMatchObject({ code: 0, stderr: '' })
    const push = (tag: string): string =>
      JSON.stringify({ push_data: { tag }, repository: { repo_name: 'library/nginx' } })
    expect(await said('trigger upgrade-web --data -', push('1.2.3'))).toContain('skipped NotForThisHook')
    expect(await said('trigger upgrade-web --data -', push('latest'))).toContain('200 applied RolledOut')
    expect(await replicas('web')).toBe(4)
    expect(imported.stdout).toContain(`namespace: ${namespace}`)
  })

  it('prints no token but where it is asked for one', async () => {
    const { createHook, run, systemNamespace, url } = await setUp()
    await createHook('web-up', {})
    await createHook('lost', { target: { name: 'nowhere' } })
    const published = await url('web-up')
    const token = published.slice(published.lastIndexOf('/') + 1)
    const lines = [
      'get',
      'get -o wide',
      'get -o name',
      'get web-up -A',
      'describe web-up lost',
      'trigger web-up',
      'trigger web-up -o json --dry-run',
      'suspend web-up',
      'resume web-up',
      'set web-up --max 11',
      'set web-up --max 0',
      'set web-up --when ((',
      'clone web-up copy',
      'create web-up --target web --action up --max 3',
      `inspect-token --system-namespace ${systemNamespace} ${published}`,
      `inspect-token --system-namespace ${systemNamespace} ${token} -o json`,
      'rotate web-up',
      'delete copy',
      `url ${token}`,
      `describe ${token}`,
      `trigger web-up --public-url http://127.0.0.1:1`,
      'help url',
    ]
    for (const line of lines) {
      const { stderr, stdout } = await run(line)
      expect({ line, said: stdout + stderr }).toEqual({ line, said: withoutToken() })
      expect(stdout + stderr).not.toContain(token)
    }
  })

  it('says in words how a hook is, and what to do about it', async () => {
    const { createHook, said, url } = await setUp()
    await createHook('lost', { target: { name: 'nowhere' } }, { cooldown: '5m', when: 'sender == "alertmanager"' })
    await url('lost')
    const text = await said('describe lost')
    expect(text).toMatch(/^A post does: +scale up by 1, to at most 10$/m)
    expect(text).toMatch(/^Only when: +sender == "alertmanager"$/m)
    expect(text).toMatch(/Ready False for \d+s: TargetNotFound/)
    expect(text).toContain(`To do: ${reasons.TargetNotFound.todo}`)
  })

  it.each([
    ['get --server http://127.0.0.1:1', 3, "can't reach the API server"],
    ['get --context nowhere', 1, 'there is no context "nowhere"'],
    ['get --kubeconfig /nowhere', 1, 'there is no such file'],
    ['gte', 2, 'did you mean'],
    ['url', 2, 'NAME is missing: the hook'],
    ['create web-up --action up --target web', 2, '--max: must be set, because action is up'],
    ['create web-up --action sideways --target web --max 3', 2, '--action: must be one of up, down'],
    ['create web-up --action up --target web --max many', 2, '--max must be a whole number'],
    ['get -o tree', 2, '--output must be'],
    ['rotate web-up --overlap soon', 2, '--overlap must be a number and a unit'],
  ])('%s ends with %i and says why', async (line, code, message) => {
    const { kubeconfig } = await cluster()
    const ran = await commandLine(kubeconfig, line.split(' '))
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toContain(message)
    expect(/\nTry kubectl receiverhook .*--help\.\n$/.test(ran.stderr)).toBe(code === 2)
  })
})
