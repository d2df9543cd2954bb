import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { serveDashboard } from '../../dashboard/serve.ts'
import { openPlayground } from '../../apiserver/playground/playground.ts'
import type { Issuer } from '../../src/token/issuer.ts'
import { startRoles } from '../../src/roles.ts'

export interface Playground {
  /** A new folder, which goes with the playground. */
  readonly folder: string
  /** Its kubeconfig: the given file, or one in that folder. */
  readonly kubeconfig: string
  /** All that it has printed so far. */
  readonly printed: () => string
}

/** Starts the playground in this process, on free ports, until the test ends: a process of its own takes seconds to start. */
export const startPlayground = async (file?: string, issuers: readonly Issuer[] = []): Promise<Playground> => {
  const folder = mkdtempSync(join(tmpdir(), 'playground-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const kubeconfig = file ?? join(folder, 'kubeconfig')
  const lines: string[] = []
  const stop = await openPlayground(
    {
      apiPort: 0,
      triggerPort: 0,
      operationsPort: 0,
      dashboardPort: 0,
      kubeconfig,
      issuers,
      logLevel: 'warn',
      version: '0.0.0-test',
      cli: 'receiver-hooks',
    },
    { startRoles, serveDashboard, onEnter: () => () => undefined, atExit: () => undefined },
    line => void lines.push(line),
  )
  onTestFinished(stop)
  return { folder, kubeconfig, printed: () => lines.join('\n') }
}
