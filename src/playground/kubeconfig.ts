import { stringify } from 'yaml'
import { sampleNamespace } from './samples.ts'

/** Returns a kubeconfig for the in-memory server, which has no authentication. */
export const kubeconfigFor = (server: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'playground', cluster: { server } }],
    users: [{ name: 'playground', user: {} }],
    contexts: [
      { name: 'playground', context: { cluster: 'playground', user: 'playground', namespace: sampleNamespace } },
    ],
    'current-context': 'playground',
  })
