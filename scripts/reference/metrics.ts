import { readFileSync } from 'node:fs'
import { maxLeaseSeries, maxLeaseSeriesOfNamespace } from '../../src/controller/hook-gauges.ts'
import { maxSeries, maxSeriesOfNamespace } from '../../src/trigger/limits.ts'
import { codeIn, productFolders } from '../count/source.ts'
import { alerts } from '../deploy/alerts.ts'
import { code, generated, table } from './markdown.ts'

/** A metric as the source registers it. */
interface Metric {
  readonly name: string
  readonly kind: string
  readonly help: string
  readonly labels: readonly string[]
  /** The file that registers it. */
  readonly file: string
}

/** Where a metric is registered: its kind, its name, its help and its labels. */
const call = /\bmetrics\.(counter|gauge|histogram)\(\s*'(\w+)',\s*(?:'([^'\n]*)'|"([^"\n]*)"),\s*\[([^\]]*)\]/g

/** Reads the metrics of a file. Throws where it registers one in a way that is not understood here. */
const metricsIn = (file: string): readonly Metric[] => {
  const text = readFileSync(file, 'utf8')
  const found = [...text.matchAll(call)].map(([, kind = '', name = '', single, double, labels = '']) => ({
    ...{ name, kind, file, help: single ?? double ?? '' },
    labels: [...labels.matchAll(/'(\w+)'/g)].map(([, label = '']) => label),
  }))
  if (found.length !== [...text.matchAll(/\bmetrics\.(?:counter|gauge|histogram)\(/g)].length) {
    throw new Error(`${file}: a metric is registered with something other than literals, which this page cannot show`)
  }
  return found
}

/** Returns the metrics of both roles. The sample shop of the tutorial is no part of the product. */
const metrics = (): readonly Metric[] =>
  codeIn(productFolders)
    .filter(file => !file.startsWith('deploy/examples/tutorial/shop/'))
    .flatMap(metricsIn)
    .toSorted((a, b) => a.name.localeCompare(b.name))

const inThousands = (count: number): string => count.toLocaleString('en')

const controllers = /^src\/(?:controller|kube\/e)/
const triggers = /^src\/(?:trigger|steps)/

const parts: readonly { readonly title: string; readonly text: string; readonly has: (metric: Metric) => boolean }[] = [
  {
    title: 'The trigger',
    text: `The pod that answers a post counts it once, and once more if its work ends after the answer. So that hooks can't fill its memory, a counter of posts has at most
${inThousands(maxSeries)} series in a pod, ${inThousands(maxSeriesOfNamespace)} from one namespace. Beyond that, posts are counted with an empty \`hook\` and \`sender\`, and past
${inThousands(maxSeries)} with an empty \`namespace\` too. Posts to an unknown hook have an empty \`hook\` as well, and the outcome \`refused\`. A deleted hook's series
disappear within 20 minutes, as long as posts arrive.`,
    has: ({ file }) => triggers.test(file),
  },
  {
    title: 'The controller',
    text: `Names that begin with \`workqueue_\`, \`controller_runtime_\` and \`leader_election_\` are controller-runtime's, so its dashboards show them.

Each gauge of leases has at most ${inThousands(maxLeaseSeries)} objects or hooks, ${inThousands(maxLeaseSeriesOfNamespace)} from one namespace. The rest of a namespace is summed up in
one series, with an empty \`hook\`, or an empty \`kind\` and \`name\`.`,
    has: ({ file }) => controllers.test(file),
  },
  { title: 'Both', text: '', has: ({ file }) => !triggers.test(file) && !controllers.test(file) },
]

const alertsOn = ({ name }: Metric): string =>
  alerts
    .filter(({ expr }) => new RegExp(`\\b${name}(?:_bucket|_sum|_count)?\\b`).test(expr))
    .map(({ name: alert }) => `[${alert}](../how-to/monitor.md#${alert.toLowerCase()})`)
    .join(', ')

const rowOf = (metric: Metric): readonly string[] => {
  const { help, kind, labels, name } = metric
  return [code(name), kind, labels.map(code).join(', '), help, alertsOn(metric)]
}

/** Returns the page that lists every metric, from where the source registers it. */
export const metricsPage = (): string => {
  const all = metrics()
  const sections = parts.map(({ has, text, title }) => {
    const rows = table(['metric', 'kind', 'labels', 'what it says', 'alert'], all.filter(has).map(rowOf))
    return [`## ${title}`, text, rows].filter(part => part !== '').join('\n\n')
  })
  return `${generated}
# Metrics

Each pod serves these at \`/metrics\` on port 8081, in Prometheus's text format ([how to scrape them, and which to look at](../how-to/operate.md#watch-over-it)). Scrapes less than a second apart get the same values. If rendering takes longer than 100 ms, the values are reused for ten times as long as it took.

Times are in seconds. No label contains a token.

${sections.join('\n\n')}

## The process

Memory, CPU time and event loop: [prom-client's default metrics](https://github.com/siimon/prom-client#default-metrics), which begin with \`process_\` and
\`nodejs_\`, without \`nodejs_active_…_total\`.
`
}
