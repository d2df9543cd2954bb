import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { at, parseJson } from '../../src/api/json.ts'
import { blockWith, listAt } from '../deploy/manifests.ts'
import type { Ran } from '../support/kubectl.ts'
import { until } from '../support/product.ts'
import { ours, podsOf, postToService, rolledOut, serviceIP } from './installed.ts'
import { postingThrough } from './posting.ts'
import { pidIn } from './process.ts'
import { openShop } from './shop.ts'
import { shell, succeed } from './support.ts'

beforeAll(async () => {
  await succeed('kubectl apply -k deploy/kustomize/base')
  await rolledOut()
})

it('a post through the Service has the kubelet start pods', async () => {
  const { namespace, path, replicas } = await openShop()
  const url = `http://${await serviceIP()}${await path()}`
  for (const to of [2, 3, 4])
    expect(await postToService(url)).toMatchObject({ status: 200, body: { outcome: 'applied', to } })
  expect(await replicas()).toBe(4)
  await succeed(`kubectl -n ${namespace} rollout status deployment/web --timeout=100s`)
  const phases = await succeed(`kubectl -n ${namespace} get pods -o jsonpath='{.items[*].status.phase}'`)
  expect(phases).toBe('Running Running Running Running')
})

it('the process has no privilege', async () => {
  const [trigger = ''] = await podsOf('trigger')
  const status = readFileSync(`/proc/${await pidIn(trigger)}/status`, 'utf8')
  expect(status).toMatch(/^Uid:\s+65532\s+65532/m)
  expect(status).toMatch(/^Gid:\s+65532\s+65532/m)
  expect(status).toMatch(/^CapEff:\s+0000000000000000$/m)
  expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
  expect(status).toMatch(/^Seccomp:\s+2$/m)
})

it('a restart of both roles, by the command of the page on operation, under a steady load fails no post, and the count equals the answers', async () => {
  const load = await postingThrough('rolling update', async () => {
    for (let round = 0; round < 2; round += 1) {
      await succeed(blockWith('docs/how-to/operate.md', 'sh', 'rollout restart'))
      await rolledOut()
    }
  })
  expect(load.sent).toBeGreaterThan(50)
})

it('an eviction that would leave a role without a pod is refused', async () => {
  const evict = (pod: string): Promise<Ran> => {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: 'receiver-hooks' } }
    const path = `/api/v1/namespaces/receiver-hooks/pods/${pod}/eviction`
    return shell(`kubectl create -f - --raw ${path}`, { stdin: JSON.stringify(eviction) })
  }
  const [first = '', second = ''] = await podsOf('trigger')
  expect(await evict(first)).toMatchObject({ code: 0 })
  const refused = await evict(second)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget")
  await rolledOut()
})

it('a drain of the node fails no post', async () => {
  const before = await podsOf('trigger')
  await postingThrough('drain', async () => {
    const draining = succeed(
      "kubectl drain node-1 --pod-selector='app.kubernetes.io/name=receiver-hooks' --timeout=100s",
    )
    // This node is the only one, so what has been evicted waits for it.
    await until(
      () => succeed("kubectl get node node-1 -o jsonpath='{.spec.unschedulable}'"),
      said => said === 'true',
    )
    await until(
      async () => (await podsOf('trigger')).filter(name => before.includes(name)),
      left => left.length === 1,
    )
    await succeed('kubectl uncordon node-1')
    await draining
    await rolledOut()
  })
  expect(await podsOf('trigger')).not.toEqual(expect.arrayContaining([before[0]]))
})

it('a pod that is killed by its memory limit comes back', async () => {
  const [trigger = ''] = await podsOf('trigger')
  const hogging = shell(`${ours} exec ${trigger} -- /usr/bin/node -e ${quoted(hog)}`)
  const status = await until(
    async () => {
      const pod = parseJson(await succeed(`${ours} get pod ${trigger} -o json`))
      return listAt(pod, 'status', 'containerStatuses')[0]
    },
    seen => at(seen, 'ready') === true && Number(at(seen, 'restartCount')) > 0,
    100_000,
  )
  expect(status).toMatchObject({ lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } })
  await hogging
})

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** Has the program itself take memory without end, by way of Node's inspector. */
const hog = [
  "process.kill(1, 'SIGUSR1')",
  "const grow = 'globalThis.kept = []; setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 5)'",
  'const open = async () => {',
  "const found = await fetch('http://127.0.0.1:9229/json/list').then(answer => answer.json(), () => undefined)",
  'if (!found) return setTimeout(open, 200)',
  'const [{ webSocketDebuggerUrl }] = found',
  'const socket = new WebSocket(webSocketDebuggerUrl)',
  "const message = { id: 1, method: 'Runtime.evaluate', params: { expression: grow } }",
  'socket.onopen = () => socket.send(JSON.stringify(message))',
  '}',
  'open()',
].join('\n')

it('runs as any user', async () => {
  const patch = { spec: { template: { spec: { securityContext: { runAsUser: 1_000_770_000, runAsGroup: 0 } } } } }
  await succeed(`${ours} patch deployment receiver-hooks-trigger -p '${JSON.stringify(patch)}'`)
  await rolledOut()
  const [trigger = ''] = await podsOf('trigger')
  expect(readFileSync(`/proc/${await pidIn(trigger)}/status`, 'utf8')).toMatch(/^Uid:\s+1000770000/m)
  await succeed(`${ours} rollout undo deployment receiver-hooks-trigger`)
  await rolledOut()
})

describe('the start of a pod', () => {
  it('takes less than six times that of express alone, with all that is read from the API server', async () => {
    const bare = { name: 'express', image: 'express:1', command: [] }
    const restricted = {
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      resources: { limits: { memory: '320Mi' } },
    }
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'express', namespace: 'receiver-hooks', labels: { of: 'trial' } },
      spec: {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{ name: bare.name, image: bare.image, ...restricted }],
      },
    }
    const measured = { express: [] as number[], trigger: [] as number[] }
    for (let round = 0; round < 3; round += 1) {
      await succeed('kubectl create -f -', JSON.stringify(pod))
      measured.express.push(await startOf('express'))
      await succeed(`${ours} delete pod express --grace-period=0 --force`)
      const before = await podsOf('trigger')
      await succeed(`${ours} delete pod ${before[0] ?? ''} --wait=false`)
      const after = await until(
        async () => (await podsOf('trigger')).filter(name => !before.includes(name)),
        names => names.length > 0,
      )
      measured.trigger.push(await startOf(after[0] ?? ''))
      await rolledOut()
    }
    console.log('processor time until ready, in ms:', JSON.stringify(measured))
    const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
    expect(median(measured.express)).toBeGreaterThan(0)
    expect(median(measured.trigger)).toBeLessThan(6 * median(measured.express))
  })
})

/**
 * Returns the processor time that a pod's process takes until its /readyz answers 200, in milliseconds. The time that passes would
 * be up to what else the machine does.
 */
const startOf = async (pod: string): Promise<number> => {
  const ip = await until(
    () => succeed(`${ours} get pod ${pod} -o jsonpath='{.status.podIP}'`),
    found => found !== '',
  )
  while (!(await isReady(ip))) await sleep(5)
  return processorTimeOf(await pidIn(pod))
}

const isReady = (host: string): Promise<boolean> =>
  new Promise(resolve => {
    get({ host, port: 8081, path: '/readyz', agent: false, timeout: 1000 }, answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    }).on('error', () => resolve(false))
  })

/** Returns the processor time of a process, in milliseconds (proc_pid_stat(5), fields 14 and 15, in hundredths of a second). */
const processorTimeOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
