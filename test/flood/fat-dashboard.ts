import { createInterface } from 'node:readline'
import { environment, nodeFlags } from '../../scripts/image/runs.ts'
import { stringAt, tryParseJson } from '../../src/api/json.ts'
import { freePort } from '../cluster/control-plane/ports.ts'
import { spawnOwned } from '../support/owned-process.ts'

/** A dashboard as it is installed, and a person who is signed in. */
export interface FatDashboard {
  readonly pid: number
  /** Asks as the page does, reads the answer, of a stream what comes until it is silent, and resolves with its status. */
  readonly look: (path: string) => Promise<number>
  readonly end: () => Promise<void>
}

export interface FatDashboardOptions {
  readonly server: string
  readonly token: string
  /** A file with the CA certificates of the API server. */
  readonly ca?: string
  /** The folder of a control group with the memory of its pod. */
  readonly cgroup: string | undefined
}

/** How long a stream is silent before it is taken to have sent all, in milliseconds. */
const silenceMs = 3000

export const startDashboard = async (
  bundle: string,
  { ca, cgroup, server, token }: FatDashboardOptions,
): Promise<FatDashboard> => {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const flags = ['--sign-in=token', `--port=${port}`, `--dashboard-url=${origin}`, `--api-server=${server}`]
  const inCgroup = cgroup === undefined ? [] : ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup]
  const { child, end } = spawnOwned(
    'env',
    [
      ...environment,
      ...inCgroup,
      ...[process.execPath, ...nodeFlags, bundle, 'dashboard', ...flags],
      ...(ca === undefined ? [] : [`--ca-file=${ca}`]),
    ],
    { stdout: 'pipe', stderr: 'inherit' },
  )
  const { stdout } = child
  if (!stdout) throw new Error('its output is to be a pipe')
  await new Promise(ready => createInterface({ input: stdout }).once('line', ready))

  const headers = { origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
  const signedIn = await fetch(`${origin}/api/session`, { method: 'POST', headers, body: JSON.stringify({ token }) })
  const cookie = /^[^;]+/.exec(signedIn.headers.get('set-cookie') ?? '')?.[0]
  const body = await signedIn.text()
  const key = stringAt(tryParseJson(body), 'pageKey')
  if (cookie === undefined || key === undefined) throw new Error(`signing in: ${signedIn.status} ${body}`)
  const session = { ...headers, cookie, 'x-page-key': key }

  return {
    pid: child.pid ?? 0,
    look: async path => {
      const stop = new AbortController()
      const answer = await fetch(`${origin}/api${path}`, { headers: session, signal: stop.signal })
      const isStream = answer.headers.get('content-type') === 'text/event-stream'
      let silence: NodeJS.Timeout | undefined
      try {
        for await (const _ of answer.body ?? []) {
          clearTimeout(silence)
          if (isStream) silence = setTimeout(() => stop.abort(), silenceMs)
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error
      }
      return answer.status
    },
    end: () => end('SIGKILL').then(() => undefined),
  }
}
