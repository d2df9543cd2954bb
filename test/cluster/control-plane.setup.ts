import type { TestProject } from 'vitest/node'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * The control plane of these tests: its address, the certificates to trust, and the owner of
     * each token.
     */
    cluster: Pick<ControlPlane, 'server' | 'ca' | 'tokens'>
  }
}

/** Runs tests on a real API server, with RBAC. Nothing else runs there: no controllers, no scheduler, no nodes. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const { server, ca, tokens, kubeconfig, stop } = await startControlPlane()
  project.provide('kubeconfig', kubeconfig)
  project.provide('isReal', true)
  project.provide('cluster', { server, ca, tokens })
  return stop
}
