import { execFileSync } from 'node:child_process'
import { openSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/cluster/control-plane/ports.ts'
import { kubectlPath } from '../../test/support/kubectl.ts'
import { spawnOwned } from '../../test/support/owned-process.ts'
import type { Server } from '../server.ts'
import type { Contender, Receiver } from './contender.ts'

/** The programs that users would write. The page leads to them. */
const programFolder = join(import.meta.dirname, 'programs')

/** How long a program may take until it listens, in milliseconds. */
const listensWithinMs = 30_000

/** Runs Debian's webhook, which runs a script at each POST. */
const webhook = (name: string, title: string, script: string): Contender => ({
  name,
  title,
  prepare: async ({ server }, deployment) => {
    const program = webhookPath()
    const hooks = join(server.folder, `${name}.json`)
    const hook = {
      id: deployment,
      'execute-command': join(programFolder, script),
      'http-methods': ['POST'],
      'pass-arguments-to-command': [{ source: 'string', name: deployment }],
      // Otherwise a sender is answered 200 before the script has run, and learns nothing of its failure.
      'include-command-output-in-response': true,
    }
    writeFileSync(hooks, JSON.stringify([hook]))
    const kubectl = dirname(await kubectlPath())
    return () => {
      const command = (port: number): readonly string[] => [
        ...[program, '-hooks', hooks, '-ip', '127.0.0.1', '-port', String(port)],
      ]
      return start(server, command, `hooks/${deployment}`, { PATH: `${kubectl}:${process.env['PATH'] ?? ''}` })
    }
  },
})

const webhookPath = (): string => {
  try {
    return execFileSync('sh', ['-c', 'command -v webhook'], { encoding: 'utf8' }).trim()
  } catch {
    throw new Error('webhook is not installed: apt-get install webhook')
  }
}

/** Runs a few lines for Node with Kubernetes' official client. */
const client = (name: string, title: string, program: string): Contender => ({
  name,
  title,
  prepare: ({ server }, deployment) =>
    Promise.resolve(() =>
      start(server, port => [process.execPath, join(programFolder, program), String(port)], deployment, {}),
    ),
})

export const programs: readonly Contender[] = [
  webhook('script', 'webhook and a script: `kubectl scale`', 'scale.sh'),
  webhook('script-checked', 'webhook and a script: `--current-replicas`, tried again', 'scale-checked.sh'),
  client('client', 'the official client: read, add, write', 'add.mjs'),
  client('client-checked', 'the official client: tried again at a conflict', 'add-checked.mjs'),
]

const start = async (
  server: Server,
  command: (port: number) => readonly string[],
  path: string,
  variables: Readonly<Record<string, string>>,
): Promise<Receiver> => {
  const { folder } = server
  const port = await freePort()
  const [program = '', ...args] = command(port)
  const log = openSync(join(folder, `beside-${port}.log`), 'a')
  const env = { ...process.env, KUBECONFIG: await withoutTLS(server), HOME: folder, ...variables }
  const { child, end, running } = spawnOwned(program, args, { stdout: log, stderr: log, env })
  const origin = `http://127.0.0.1:${port}`
  const began = performance.now()
  while (!(await listens(origin))) {
    if (!running() || performance.now() - began > listensWithinMs) {
      throw new Error(`${program} does not listen: see ${folder}/beside-${port}.log`)
    }
    await sleep(5)
  }
  return { pid: child.pid ?? 0, url: `${origin}/${path}`, kill: () => end('SIGKILL') }
}

/** Returns a kubeconfig for the official client: it speaks plain HTTP, to the in-memory API server, only if it need not check a certificate. */
const withoutTLS = async ({ folder, kubeconfig, reached }: Server): Promise<string> => {
  if (reached.server.startsWith('https:')) return kubeconfig
  const file = join(folder, 'kubeconfig-without-tls.json')
  const user = { name: 'nobody', user: {} }
  const cluster = { name: 'bench', cluster: { server: reached.server, 'insecure-skip-tls-verify': true } }
  const context = { name: 'bench', context: { cluster: 'bench', user: 'nobody' } }
  const config = { clusters: [cluster], contexts: [context], users: [user], 'current-context': 'bench' }
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }))
  return file
}

const listens = (origin: string): Promise<boolean> =>
  fetch(origin, { method: 'OPTIONS' }).then(
    () => true,
    () => false,
  )
