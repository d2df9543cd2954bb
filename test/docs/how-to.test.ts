import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { at, isObject } from '../../src/api/json.ts'
import { rancherExport } from '../cli/rancher-export.ts'
import { blockWith, stringsAt } from '../deploy/manifests.ts'
import { agentWith } from '../support/agent.ts'
import { until } from '../support/product.ts'
import { personWithPlayground, type Person } from './bash.ts'

// Pages as somebody follows them who has the playground: each command as it stands there.

/** Applies what a page shows, waits until each hook has its URL, and shows what kubectl says, its warnings too. */
const apply = async ({ folder, run }: Person, manifest: string): Promise<string> => {
  writeFileSync(join(folder, 'page.yaml'), manifest)
  const said = await run('kubectl apply -f page.yaml 2>&1')
  await run('kubectl wait --for=condition=Ready receiverhooks --all --timeout=100s')
  return said
}

/** How long a trigger may take to follow a changed hook on a machine that is busy, in milliseconds. */
const timeoutMs = 60_000

it('the page on pushes: its hook replaces the one of the playground, and its post says what it would roll out', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/redeploy-on-push.md'
  expect(await apply(person, blockWith(page, 'yaml', 'kind: ReceiverHook'))).toBe(
    'receiverhook.receiverhooks.dev/web-push configured\n',
  )
  await person.run(`kubectl -n shop set image deployment/web web=ghcr.io/acme/web:1.4.0`)
  const said = await until(
    () => person.run(blockWith(page, 'console', 'dryRun=true')),
    answer => answer.includes('RolledOut'),
    timeoutMs,
  )
  expect(said).toContain(
    'would have rolled out Deployment/web: web from ghcr.io/acme/web:1.4.0 to ghcr.io/acme/web:1.4.2',
  )
}, 240_000)

it('the page on requests: both commands run in the playground, and a request from Git runs its hook once', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/run-from-the-cluster.md'
  const said = await person.run(blockWith(page, 'console', '--dry-run'))
  expect(said).toContain('Deployment/web would go from 2 to 3')
  expect(said).toContain('Deployment/web went from 2 to 3')
  expect(await person.run('kubectl get rhreq -n shop')).toMatch(/web-up +playground +Done +applied +Stepped/)
  const manifest = blockWith(page, 'yaml', 'kind: ReceiverHookRequest')
  for (const name of ['first', 'again']) {
    writeFileSync(join(person.folder, 'request.yaml'), manifest.replace('web-up-after-release-1.4.2', name))
    await person.run('kubectl apply -f request.yaml')
    await person.run(`kubectl -n shop wait rhreq/${name} --for=jsonpath='{.status.state}'=Done --timeout=60s`)
  }
  expect(await person.run("kubectl get deployment web -n shop -o jsonpath='{.spec.replicas}'")).toBe('4')
}, 240_000)

it('the page on agents: each client starts the server that its configuration says, and its agent runs a hook', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/agents.md'
  await person.run(blockWith(page, 'console', 'label receiverhook'))
  const forms: readonly unknown[] = [
    at(JSON.parse(blockWith(page, 'json', 'mcpServers')), 'mcpServers', 'hooks'),
    at(JSON.parse(blockWith(page, 'json', '"servers"')), 'servers', 'hooks'),
    // Each line of this table of TOML has JSON on its right.
    Object.fromEntries(
      [...blockWith(page, 'toml', 'mcp_servers').matchAll(/^(\w+) = (.+)$/gm)].map(
        ([, key = '', value = '']): [string, unknown] => [key, JSON.parse(value)],
      ),
    ),
  ]
  for (const [index, form] of forms.entries()) {
    const args = stringsAt(form, 'args')
    expect({ command: at(form, 'command'), args: args.slice(0, -2) }).toEqual({
      command: 'kubectl',
      args: ['receiverhook', 'mcp', '-n', 'shop', '--allow-run'],
    })
    expect(args.slice(-2)).toEqual(['--kubeconfig', 'agent.kubeconfig'])
    const { KUBECONFIG = '' } = person.env
    const { call, end } = await agentWith({
      ...{ command: 'kubectl', args: [...args.slice(0, -1), KUBECONFIG] },
      ...{ cwd: person.folder, env: { ...person.env } },
    })
    const { content } = await call('shop_web-up')
    const shown: unknown = JSON.parse(blockWith(page, 'json', '"confirm"'))
    expect(Object.keys(content)).toEqual(isObject(shown) && Object.keys(shown))
    const ran = await call('shop_web-up', { confirm: content['confirm'] })
    expect(ran).toMatchObject({ isError: false, content: { from: 2 + index, to: 3 + index } })
    await end()
  }
}, 240_000)

it('the page on restarts: its hook restarts a workload of the playground, once until it has cooled down', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/restart.md'
  expect(await apply(person, blockWith(page, 'yaml', 'kind: ReceiverHook'))).toBe(
    'receiverhook.receiverhooks.dev/restart-web created\n',
  )
  // A trial ends with an error where a busy machine did not get to it in time: then it is made again.
  const said = await until(
    () => person.run(blockWith(page, 'console', 'trigger restart-web')).catch(String),
    answer => answer.includes('successfully rolled out'),
    timeoutMs,
  )
  expect(said).toContain('would have restarted Deployment/web')
  expect(said).toContain('restarted Deployment/web')
  expect(await person.run('kubectl receiverhook trigger restart-web -n shop')).toContain('CoolingDown')
}, 240_000)

it('the page on Services: its hook passes posts on to a Service of the playground, and a dry run sends nothing', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/forward.md'
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'jenkins', namespace: 'shop' },
    spec: { selector: { app: 'jenkins' }, ports: [{ name: 'http', port: 8080 }] },
  }
  await person.run(`kubectl apply -f - <<< '${JSON.stringify(service)}'`)
  expect(await apply(person, blockWith(page, 'yaml', 'kind: ReceiverHook'))).toBe(
    'receiverhook.receiverhooks.dev/to-jenkins created\n',
  )
  const said = await until(
    () => person.run(blockWith(page, 'console', 'trigger to-jenkins')).catch(String),
    answer => answer.includes('Forwarded'),
    timeoutMs,
  )
  expect(said).toContain('would have passed the post on to Service/jenkins')
}, 240_000)

it('the page on Jobs: its hook runs a CronJob of the playground, waits for its end, and makes nothing on a dry run', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/run-a-job.md'
  await apply(person, blockWith(page, 'yaml', 'kind: CronJob'))
  expect(await apply(person, blockWith(page, 'yaml', 'kind: ReceiverHook'))).toBe(
    'receiverhook.receiverhooks.dev/run-report created\n',
  )
  const [dryRun = '', waiting = ''] = blockWith(page, 'console', 'trigger run-report').trim().split('\n')
  const said = await until(
    () => person.run(dryRun).catch(String),
    answer => answer.includes('JobCreated'),
    timeoutMs,
  )
  expect(said).toContain('would have made Job/run-report-')
  expect(await person.run('kubectl get jobs -n shop')).not.toContain('run-report-')
  expect(await person.run(waiting)).toMatch(/200 complete JobComplete: Job\/run-report-\w+ is complete/)
}, 240_000)

it('the page on holds: a CronJob is suspended until the end, and a workload sleeps and is kept awake', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/hold.md'
  await person.run(blockWith(page, 'console', 'patch cronjob'))
  await apply(person, blockWith(page, 'yaml', 'name: no-report'))
  const [post = '', end = ''] = blockWith(page, 'console', 'trigger no-report').trim().split('\n')
  expect(await person.run(post)).toContain('200 applied Held: suspended CronJob/report, until ')
  const suspended = () => person.run("kubectl get cronjob report -n shop -o jsonpath='{.spec.suspend}'")
  expect(await suspended()).toBe('true')
  expect(await person.run(end)).toMatch(/ends (1 lease|all leases)/)
  await until(suspended, said => said !== 'true', timeoutMs)

  await apply(person, blockWith(page, 'yaml', 'name: web-sleep'))
  const [sleep = '', awake = ''] = blockWith(page, 'console', 'trigger web-sleep').trim().split('\n')
  const count = () => person.run("kubectl get deployment web -n shop -o jsonpath='{.spec.replicas}'")
  const own = await count()
  expect(await person.run(sleep)).toContain('200 applied Held: held spec.replicas of Deployment/web at 0')
  expect(await count()).toBe('0')
  await person.run(awake)
  expect(await count()).toBe(own)
}, 240_000)

it('the page on filters: its hook replaces the one of the playground, and its trials say which bodies count', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/when-a-hook-acts.md#let-only-some-deliveries-count'
  expect(await apply(person, blockWith(page, 'yaml', 'kind: ReceiverHook'))).toBe(
    'receiverhook.receiverhooks.dev/web-up configured\n',
  )
  const said = await until(
    // A trial ends with an error where a busy machine did not get to it in time: then it is made again.
    () => person.run(blockWith(page, 'console', '--dry-run')).catch(String),
    answer => answer.startsWith('200 applied') && answer.includes('Filtered'),
    timeoutMs,
  )
  expect(said).toMatch(/^200 applied Stepped: .*would go from 2 to 3\n200 skipped Filtered: .*\n$/)
}, 240_000)

it('the page on windows: a trial of its hook says whether it is open', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/when-a-hook-acts.md#act-only-at-certain-times'
  expect(await apply(person, blockWith(page, 'yaml', 'kind: ReceiverHook'))).toBe(
    'receiverhook.receiverhooks.dev/web-hours created\n',
  )
  // When this test runs, the hook may be open or closed: that the trial follows the windows is for test/api/windows.test.ts.
  const said = await until(
    () => person.run(blockWith(page, 'console', '--dry-run')).catch(String),
    answer => /^200 (?:applied|skipped)/.test(answer),
    timeoutMs,
  )
  expect(said).toMatch(/would go from 2 to 3|OutsideWindow/)
  expect(await person.run('kubectl receiverhook describe web-hours -n shop')).toContain('end of the year')
}, 240_000)

it('the page on limits: its hook runs twice, and says on a trial and to people that it is at its limit', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/when-a-hook-acts.md#limit-how-often-a-hook-acts'
  expect(await apply(person, blockWith(page, 'yaml', 'kind: ReceiverHook'))).toContain('web-sometimes created\n')
  await person.run('kubectl -n shop wait --for=condition=Ready receiverhook/web-sometimes --timeout=100s')
  for (const count of [3, 4]) {
    // A busy machine may answer 503, and then nothing was done.
    await until(
      () => person.run('kubectl receiverhook trigger web-sometimes -n shop').catch(String),
      said => said.includes(`to ${count}`),
      timeoutMs,
    )
  }
  expect(await person.run(blockWith(page, 'console', '--dry-run')).catch(String)).toContain(
    'the limit is 2 deliveries within 1h, and 2 have counted: posts count again at ',
  )
  const described = await until(
    () => person.run('kubectl receiverhook describe web-sometimes -n shop'),
    said => said.includes('2 of 2 used'),
    timeoutMs,
  )
  expect(described).toContain('2 deliveries within 1h: 2 of 2 used, frees up at ')
  expect(described).toMatch(/At worst: .*2 posts count within 1h\./)
}, 240_000)

it('the page on signing keys: a new key leaves former URLs their posts until it is dropped, and a leaked one goes while all is stopped', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/keys-and-backup.md#replace-the-signing-keys'
  const urlOf = async (): Promise<string> => (await person.run('kubectl receiverhook url web-up -n shop')).trim()
  const statusOf = async (url: string): Promise<number> => (await fetch(url, { method: 'POST' })).status
  const former = async (): Promise<string> => {
    const [, line = ''] = (await person.run(blockWith(page, 'console', 'keys list'))).trim().split('\n')
    expect(line).toMatch(/ verifies only {3}0 hooks$/)
    return line.split(' ')[0] ?? ''
  }
  const first = await urlOf()
  expect(await person.run(`${blockWith(page, 'console', 'keys rotate').trim()} 2>&1`)).toContain(
    'every hook has a new URL',
  )
  const second = await urlOf()
  expect(second).not.toBe(first)
  expect(await person.run(blockWith(page, 'console', 'jsonpath'))).toContain('shop/web-up\n')
  expect(await statusOf(first)).toBe(200)
  const drop = blockWith(page, 'sh', 'keys drop KID')
    .trim()
    .replace('KID', await former())
  expect(await person.run(`${drop} 2>&1`)).toContain('shop/web-up\n')
  const ended = (url: string): Promise<number> =>
    until(
      () => statusOf(url),
      status => status === 404,
      timeoutMs,
    )
  await ended(first)
  expect(await statusOf(second)).toBe(200)

  // A person reads the name of the former key once the new one signs, and waits two minutes.
  const [stopAndRotate = '', dropAndStart = ''] = blockWith(page, 'sh', 'stop --all').split('sleep 120\n')
  await person.run(stopAndRotate)
  expect(await statusOf(second)).toBe(503)
  await person.run(dropAndStart.replace('KID', await former()))
  await ended(second)
  expect(await statusOf(await urlOf())).toBe(200)
}, 240_000)

it('the page on leases: its hook lends the minimum of an autoscaler, until it is ended, and its other hook is accepted', async () => {
  const person = await personWithPlayground()
  const { folder, run } = person
  const page = 'docs/how-to/scale-for-a-while.md'
  const manifest = [
    blockWith(page, 'yaml', 'kind: HorizontalPodAutoscaler\nmetadata'),
    blockWith(page, 'yaml', 'name: web-sale'),
    blockWith(page, 'yaml', 'name: web-busy'),
  ].join('---\n')
  writeFileSync(join(folder, 'page.yaml'), manifest)
  expect(await run('kubectl apply -f page.yaml 2>&1')).toContain('receiverhook.receiverhooks.dev/web-busy created\n')
  await run('kubectl -n shop wait --for=condition=Ready receiverhook/web-sale --timeout=100s')
  const posts = blockWith(page, 'console', 'why hpa/web')
  const said = await until(
    () => run(posts).catch(String),
    answer => answer.startsWith('200 applied'),
    timeoutMs,
  )
  const shown = blockWith(page, 'text', 'spec.minReplicas is 6')
  for (const column of ['HorizontalPodAutoscaler/web in shop: spec.minReplicas is 6', ...titlesOf(shown)]) {
    expect(said).toContain(column)
  }
  expect(said).toMatch(/^web-sale +\+4 .* \(in 119m\) +plain$/m)
  await run(blockWith(page, 'console', 'receiverhook end'))
  const why = 'kubectl receiverhook why hpa/web -n shop'
  const after = await until(
    () => run(why),
    answer => answer.includes('spec.minReplicas is 2'),
    timeoutMs,
  )
  expect(after).not.toContain('web-sale')
  // As long as the autoscaler is there, the hook of the next section must not run.
  await run(blockWith(page, 'console', 'delete hpa'))
  await run('kubectl -n shop wait --for=condition=Ready receiverhook/web-busy --timeout=100s')
}, 240_000)

/** Returns the titles of the columns of a table, which is below one other line. */
const titlesOf = (text: string): readonly string[] => text.split('\n')[1]?.split(/ +/) ?? []

it('the page on authentication: posts by hand prove what its hooks ask for', async () => {
  const person = await personWithPlayground()
  const page = 'docs/how-to/authenticate-senders.md'
  await person.run(blockWith(page, 'console', 'create secret generic alertmanager '))
  await apply(person, blockWith(page, 'yaml', 'name: by-token'))
  for (const [steps, name] of ['by-token', 'by-user'].entries()) {
    const byHand = blockWith(page, 'sh', `url ${name} `)
    const said = await until(
      () => person.run(byHand),
      answer => !answer.includes('AuthSecretNotFound'),
      timeoutMs,
    )
    expect(JSON.parse(said)).toMatchObject({ hook: `shop/${name}`, outcome: 'applied', from: 2 + steps, to: 3 + steps })
    const bare = byHand.replace(/ -[Hu] "[^"]*"/, '')
    expect(JSON.parse(await person.run(bare))).toMatchObject({ reason: 'Unauthorized' })
  }
}, 240_000)

it('the page on the command line: kubectl completes names', async () => {
  const { run } = await personWithPlayground()
  await run(blockWith('docs/how-to/command-line.md', 'console', 'completion kubectl'))
  expect(await run('PATH=~/.local/bin:$PATH kubectl __complete receiverhook describe web-')).toMatch(
    /^web-down\nweb-push\nweb-up\n/,
  )
}, 240_000)

it('the page on Rancher: receivers become hooks, which say what a post would do', async () => {
  const { folder, run } = await personWithPlayground()
  const page = 'docs/how-to/from-rancher.md'
  const receivers = rancherExport.data.filter(({ driver }) => driver === 'scaleService')
  writeFileSync(join(folder, 'receivers.json'), JSON.stringify({ ...rancherExport, data: receivers }))
  expect(await run(blockWith(page, 'console', 'import rancher'))).toBe(
    'receiverhook.receiverhooks.dev/scale-up-web created\nreceiverhook.receiverhooks.dev/scale-down-web created\n',
  )
  await run('kubectl wait --for=condition=Ready receiverhooks --all --timeout=100s')
  expect(await run(blockWith(page, 'console', '--dry-run'))).toMatch(
    /200 applied Stepped: Deployment\/web would go from 2 to 4\n$/,
  )
  const drivers = new Set(rancherExport.data.map(({ driver }) => driver))
  const listed = [...readFileSync(page, 'utf8').matchAll(/^\| `(\w+)` \|/gm)].map(([, driver]) => driver)
  expect(listed).toEqual([...drivers])
}, 240_000)

it('the page on CI: its commands run a hook, prove what its auth asks for, and say when a job fails', async () => {
  const person = await personWithPlayground()
  const { run } = person
  const page = 'docs/how-to/ci-jobs.md'
  const blockIn = (words: string): string => blockWith(page, 'sh', words)
  const url = async (name: string): Promise<string> => (await run(`kubectl receiverhook url ${name}`)).trim()
  const push = `RUN=1 IMAGE=nginx:1.30 HOOK_URL=${await url('web-push')}\n${blockIn('--data "{')}`
  expect(JSON.parse(await run(push))).toMatchObject({ reason: 'RolledOut' })
  expect(JSON.parse(await run(push))).toMatchObject({ reason: 'Duplicate' })
  const checked = `RUN=2 HOOK_URL=${await url('web-up')}\n${blockIn('case $ANSWER')}`
  expect(await run(checked)).toContain('"outcome":"applied"')
  expect(await run(checked)).toContain('"reason":"Duplicate"')
  expect(await run(`RUN=3\n${blockIn('--id "$RUN"')}`)).toContain('200 applied')
  await run('kubectl receiverhook suspend web-up')
  const later = checked.replace('RUN=2', 'RUN=4')
  await expect(run(`${later.replace('exit 1', 'exit 3')} >&2`)).rejects.toMatchObject({ code: 3 })
  expect(await run(later.replace('RUN=4', 'RUN=7').replace('exit 1', 'exit 0'))).toContain('"reason":"Suspended"')

  await run('kubectl -n shop create secret generic ci --from-literal=token=t0ken --from-literal=secret=s3cret')
  const auth = (of: object): string => JSON.stringify({ spec: { auth: of } })
  const keyed = (key: string): object => ({ secretKeyRef: { name: 'ci', key } })
  await run(`kubectl patch receiverhook web-down --type merge -p '${auth({ bearer: keyed('token') })}'`)
  await run(`kubectl patch receiverhook web-push --type merge -p '${auth({ hmac: keyed('secret') })}'`)
  await run('kubectl wait --for=condition=Ready receiverhooks --all --timeout=100s')
  const bearer = `RUN=5 HOOK_TOKEN=t0ken HOOK_URL=${await url('web-down')}\n${blockIn('HOOK_TOKEN')}`
  expect(JSON.parse(await run(bearer))).toMatchObject({ reason: 'Stepped' })
  await expect(run(bearer.replace('t0ken', 'wrong'))).rejects.toMatchObject({ code: 22 })
  const hmac = `RUN=6 IMAGE=nginx:1.31 HOOK_SECRET=s3cret HOOK_URL=${await url('web-push')}\n${blockIn('HOOK_SECRET')}`
  expect(JSON.parse(await run(hmac))).toMatchObject({ reason: 'RolledOut' })
  await expect(run(hmac.replace('s3cret', 'wrong'))).rejects.toMatchObject({ code: 22 })
}, 240_000)
