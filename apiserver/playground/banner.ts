import { shellWord } from '../../cli/snippets/shell-word.ts'
import { sampleNamespace } from './samples.ts'

/** The addresses to print once a playground is ready. */
export interface PlaygroundAddresses {
  /** The link that opens the page in a browser. It works once. */
  readonly link: string
  /** The URL of the in-memory API server. */
  readonly server: string
  /** The URL of the metrics. */
  readonly metrics: string
  /** The file with which kubectl and the command line reach this API server. */
  readonly kubeconfig: string
  /** How the command line is called, such as `receiver-hooks`, or {@link plugin} in a checkout. */
  readonly cli: string
  readonly platform: NodeJS.Platform
}

/** The command line as all pages call it. In a checkout, kubectl finds it through the `PATH` that the banner prints. */
export const plugin = 'kubectl receiverhook'

/** The last line of the banner. */
const lastLine = 'Everything is in memory and gone when you press Ctrl-C.'

/**
 * Returns the banner: the addresses and what to try. Each line fits into 80 columns, so the banner
 * shows no trigger URL, which would be longer.
 */
export const bannerOf = ({ cli, kubeconfig, link, metrics, platform, server }: PlaygroundAddresses): string => `
Ready. Open the page in a browser (a link works once; Enter prints another):
    ${link}

The namespace ${sampleNamespace} has a Deployment web with 2 replicas, and three hooks:
    web-up    adds a replica, up to 10
    web-down  removes one, down to 1
    web-push  rolls out an image that was pushed

Run them from another terminal:
    ${exported(kubeconfig, platform)}${cli === plugin ? pathExported : ''}
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

const pathExported = '\n    export PATH=$PWD/scripts/plugin:$PATH'

/** Returns the command that sets `KUBECONFIG` in the usual shell of the platform. */
const exported = (kubeconfig: string, platform: NodeJS.Platform): string =>
  platform === 'win32'
    ? `$env:KUBECONFIG = '${kubeconfig.replaceAll("'", "''")}'`
    : `export KUBECONFIG=${shellWord(kubeconfig)}`
