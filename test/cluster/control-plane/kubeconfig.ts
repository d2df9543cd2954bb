import { stringify } from 'yaml'

/** How a test reaches an API server. */
export interface Reach {
  readonly server: string
  /** The certificates to trust, PEM. */
  readonly ca: string
}

/** Returns a kubeconfig for the user of this bearer token. */
export const kubeconfigFor = ({ server, ca }: Reach, token: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  })
