import { inject } from 'vitest'
import { at, parseJson } from '../../src/api/json.ts'
import type { Cluster } from './product.ts'
import { program } from './program.ts'

/** Returns a trigger in a process of its own. */
export const triggerProcess = async ({ namespace, systemNamespace }: Cluster) => {
  const flags = ['--namespace', systemNamespace, '--watch-namespace', namespace, '--kubeconfig', inject('kubeconfig')]
  const ports = ['--host', '127.0.0.1', '--trigger-port', '0', '--operations-port', '0', '--shutdown-delay', '0']
  const running = program(['serve', 'trigger', ...flags, ...ports])
  const started = await running.said(line => (line.includes('"msg":"started"') ? parseJson(line) : undefined))
  return {
    port: Number(at(started, 'triggerPort')),
    /** How many of its writes the API server has stored. */
    writes: async () => {
      const response = await fetch(`http://127.0.0.1:${Number(at(started, 'operationsPort'))}/metrics`)
      return Number(/step_writes_total\{result="applied"\} (\d+)/.exec(await response.text())?.[1] ?? 0)
    },
    stop: () => running.end('SIGTERM'),
  }
}
