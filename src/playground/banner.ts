import { sampleNamespace } from './samples.ts'

/** What a person at the terminal has to know of a playground that is ready. */
export interface PlaygroundAddresses {
  /** Opens the page in a browser, once. */
  readonly link: string
  /** The address of the API server. */
  readonly server: string
  /** Where the metrics are. */
  readonly metrics: string
  /** The file through which kubectl and the command line find this API server. */
  readonly kubeconfig: string
  /** How the command line is called, as in `receiver-hooks`. */
  readonly cli: string
  readonly platform: NodeJS.Platform
}

/** The last line that a playground prints before it waits. */
const lastLine = 'Everything is in memory and gone when you press Ctrl-C.'

/** Says what there is and what to try. Each line fits 80 columns, since a URL of 400 characters is in none of them. */
export const bannerOf = ({ cli, kubeconfig, link, metrics, platform, server }: PlaygroundAddresses): string => `
Ready. Open the page in a browser (a link works once; Enter prints another):
    ${link}

The namespace ${sampleNamespace} has a Deployment web with 2 replicas, and three hooks:
    web-up    adds a replica, up to 10
    web-down  removes one, down to 1
    web-push  rolls out an image that was pushed

Run them from another terminal:
    ${exported(kubeconfig, platform)}
    ${cli} trigger web-up
    ${cli} trigger web-down
    ${cli} trigger web-push -d ${pushed}

A sender needs nothing but the URL of a hook:
    curl -X POST "$(${cli} url web-up)"

With kubectl:
    kubectl get receiverhooks,deployments

API server: ${server}
Metrics:    ${metrics}

${lastLine}`

const pushed = `'{"image": "nginx:1.30"}'`

/** Sets the variable in the shell that people have there. */
const exported = (kubeconfig: string, platform: NodeJS.Platform): string =>
  platform === 'win32' ? `$env:KUBECONFIG = '${kubeconfig}'` : `export KUBECONFIG=${kubeconfig}`
