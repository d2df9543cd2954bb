import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { kubeconfigFor } from '../../apiserver/playground/kubeconfig.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of a kubeconfig for the API server that these tests run on. */
    kubeconfig: string
    /** Whether that is a real one. */
    isReal: boolean
  }
}

/** Runs tests on the in-memory API server. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const server = createApiServer({ clock: nodeClock, random: nodeRandom })
  const serving = await serveHttp(server, { port: 0 })
  const directory = await mkdtemp(join(tmpdir(), 'in-memory-api-server-'))
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigFor(serving.url))
  project.provide('kubeconfig', kubeconfig)
  project.provide('isReal', false)
  return async () => {
    await serving.close()
    await rm(directory, { recursive: true })
  }
}
