/** What a panel shows: a query, and how its series are called. */
interface Query {
  readonly expr: string
  readonly legend: string
}

interface Panel {
  readonly title: string
  readonly unit: string
  readonly queries: readonly Query[]
}

const inNamespace = 'namespace=~"$namespace"'

/** The panels, two a row. No query uses a label that a scrape may rename. */
const panels: readonly Panel[] = [
  {
    title: 'Posts by outcome',
    unit: 'reqps',
    queries: [
      {
        expr: `sum by (outcome) (rate(receiverhooks_deliveries_total{${inNamespace}}[$__rate_interval]))`,
        legend: '{{outcome}}',
      },
    ],
  },
  {
    title: 'Posts by hook',
    unit: 'reqps',
    queries: [
      {
        expr: `topk(10, sum by (namespace, hook) (rate(receiverhooks_deliveries_total{hook!="",${inNamespace}}[$__rate_interval])))`,
        legend: '{{namespace}}/{{hook}}',
      },
    ],
  },
  {
    title: 'How long a post takes',
    unit: 's',
    queries: ['0.5', '0.99'].map(quantile => ({
      expr: `histogram_quantile(${quantile}, sum by (le, driver) (rate(receiverhooks_delivery_duration_seconds_bucket{driver!=""}[$__rate_interval])))`,
      legend: `p${Number(quantile) * 100} {{driver}}`,
    })),
  },
  {
    title: 'Posts that wait',
    unit: 'short',
    queries: [{ expr: 'sum(receiverhooks_step_queue_length)', legend: 'for their write' }],
  },
  {
    title: 'Hooks by condition',
    unit: 'short',
    queries: [{ expr: 'max by (ready, reason) (receiverhooks_hooks)', legend: '{{ready}} {{reason}}' }],
  },
  {
    title: 'Leased, by object',
    unit: 'short',
    queries: [
      {
        expr: `topk(10, max by (namespace, kind, name) (receiverhooks_leased{${inNamespace}}))`,
        legend: '{{namespace}}/{{kind}}/{{name}}',
      },
    ],
  },
  {
    title: 'Reconciles',
    unit: 'ops',
    queries: [
      {
        expr: 'sum by (controller, result) (rate(controller_runtime_reconcile_total[$__rate_interval]))',
        legend: '{{controller}} {{result}}',
      },
    ],
  },
  {
    title: 'Writes of counts, by result',
    unit: 'ops',
    queries: [
      { expr: 'sum by (result) (rate(receiverhooks_step_writes_total[$__rate_interval]))', legend: '{{result}}' },
    ],
  },
  {
    title: 'Leaders, and processes',
    unit: 'short',
    queries: [
      { expr: 'sum(leader_election_master_status{name="receiver-hooks-controller"})', legend: 'leaders' },
      { expr: 'sum by (version) (receiverhooks_build_info)', legend: '{{version}}' },
    ],
  },
]

const datasource = { type: 'prometheus', uid: '${datasource}' }
const [panelWidth, panelHeight] = [12, 8]

const panelOf = ({ queries, title, unit }: Panel, index: number): object => ({
  id: index + 1,
  type: 'timeseries',
  title,
  datasource,
  gridPos: {
    w: panelWidth,
    h: panelHeight,
    x: (index % 2) * panelWidth,
    y: Math.floor(index / 2) * panelHeight,
  },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
  targets: queries.map(({ expr, legend }, query) => ({
    refId: 'ABC'.charAt(query),
    datasource,
    expr,
    legendFormat: legend,
  })),
})

/** Returns the dashboard for Grafana, as JSON. */
export const grafanaDashboard = (): string =>
  `${JSON.stringify(
    {
      uid: 'receiver-hooks',
      title: 'Receiver Hooks',
      tags: ['receiver-hooks'],
      schemaVersion: 39,
      editable: true,
      refresh: '30s',
      time: { from: 'now-1h', to: 'now' },
      templating: {
        list: [
          { name: 'datasource', type: 'datasource', query: 'prometheus' },
          {
            name: 'namespace',
            type: 'query',
            datasource,
            query: { query: 'label_values(receiverhooks_deliveries_total, namespace)', refId: 'namespace' },
            includeAll: true,
            multi: true,
            allValue: '.*',
            current: { text: 'All', value: '$__all' },
            refresh: 2,
          },
        ],
      },
      panels: panels.map(panelOf),
    },
    null,
    2,
  )}\n`
