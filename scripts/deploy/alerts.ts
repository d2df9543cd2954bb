import { stringify } from 'yaml'

/**
 * An alert, and two series for promtool. With one of them the alert fires, with the other it stays
 * silent.
 */
export interface Alert {
  readonly name: string
  readonly expr: string
  readonly for: string
  readonly severity: 'critical' | 'warning'
  readonly summary: string
  readonly description: string
  readonly tested: {
    /** Series by which it fires, at `at`, with these labels. */
    readonly firing: Series
    readonly labels: Readonly<Record<string, string>>
    /** Series by which it does not. */
    readonly quiet: Series
  }
}

/** Values by series, as promtool writes them, one a minute. */
type Series = Readonly<Record<string, string>>

/** How long a firing case goes on before the alert is looked for. */
const testedAfter = '30m'

const up = (role: string): string => `up{job="receiver-hooks/receiver-hooks", pod="receiver-hooks-${role}-1"}`
const delivered = (outcome: string, reason: string): string =>
  `receiverhooks_deliveries_total{namespace="shop", hook="web-up", driver="scale", sender="plain", outcome="${outcome}", reason="${reason}"}`

/** Every alert. None uses a label that a scrape may rename. */
export const alerts: readonly Alert[] = [
  {
    name: 'ReceiverHooksDown',
    expr: 'absent(receiverhooks_build_info)',
    for: '2m',
    severity: 'critical',
    summary: 'No Receiver Hooks are running, or none can be scraped.',
    description: 'No process reports metrics. Posts to trigger URLs may find nobody.',
    tested: {
      firing: { [up('trigger')]: '0x60' },
      labels: {},
      quiet: { 'receiverhooks_build_info{version="1"}': '1x60' },
    },
  },
  {
    name: 'ReceiverHooksNoLeader',
    expr: 'max(leader_election_master_status{name="receiver-hooks-controller"}) < 1',
    for: '2m',
    severity: 'critical',
    summary: 'No controller leads.',
    description: 'New hooks get no URL, and statuses do not change. Posts are still answered.',
    tested: {
      firing: { 'leader_election_master_status{name="receiver-hooks-controller", pod="a"}': '0x60' },
      labels: {},
      quiet: {
        'leader_election_master_status{name="receiver-hooks-controller", pod="a"}': '0x60',
        'leader_election_master_status{name="receiver-hooks-controller", pod="b"}': '1x60',
      },
    },
  },
  {
    name: 'ReceiverHooksCacheOfLostHistory',
    expr: 'max(receiverhooks_cache_of_lost_history) > 0',
    for: '0m',
    severity: 'critical',
    summary: 'An API server answers from caches of the time before etcd was restored.',
    description: 'No process of the product believes it, and other programs may. Restart every API server.',
    tested: {
      firing: { receiverhooks_cache_of_lost_history: '1x60' },
      labels: {},
      quiet: { receiverhooks_cache_of_lost_history: '0x60' },
    },
  },
  {
    name: 'ReceiverHooksStopped',
    expr: 'max(receiverhooks_stopped) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'All hooks are stopped.',
    description: 'Somebody ran `kubectl receiverhook stop`. Every post is answered 503 and changes nothing.',
    tested: {
      firing: { receiverhooks_stopped: '1x60' },
      labels: {},
      quiet: { receiverhooks_stopped: '0x60' },
    },
  },
  {
    name: 'ReceiverHooksDeliveriesFailing',
    expr: 'sum by (namespace, hook) (rate(receiverhooks_deliveries_total{outcome="failed", hook!=""}[10m])) > 0',
    for: '10m',
    severity: 'warning',
    summary: 'Posts to {{ $labels.namespace }}/{{ $labels.hook }} fail.',
    description: 'The hook cannot do what its posts ask for. Its lastDelivery says why.',
    tested: {
      firing: { [delivered('failed', 'TargetNotFound')]: '0+1x60' },
      labels: { namespace: 'shop', hook: 'web-up' },
      quiet: { [delivered('applied', 'Stepped')]: '0+1x60' },
    },
  },
  {
    name: 'ReceiverHooksDeliveriesSlow',
    expr: 'histogram_quantile(0.99, sum by (le) (rate(receiverhooks_delivery_duration_seconds_bucket[10m]))) > 1',
    for: '10m',
    severity: 'warning',
    summary: 'One post in a hundred takes more than a second.',
    description:
      'Senders give up after their own time-outs. The API server may be slow, or the triggers short of processor time.',
    tested: {
      firing: {
        'receiverhooks_delivery_duration_seconds_bucket{outcome="applied", le="1"}': '0x60',
        'receiverhooks_delivery_duration_seconds_bucket{outcome="applied", le="5"}': '0+10x60',
        'receiverhooks_delivery_duration_seconds_bucket{outcome="applied", le="+Inf"}': '0+10x60',
      },
      labels: {},
      quiet: {
        'receiverhooks_delivery_duration_seconds_bucket{outcome="applied", le="1"}': '0+10x60',
        'receiverhooks_delivery_duration_seconds_bucket{outcome="applied", le="+Inf"}': '0+10x60',
      },
    },
  },
  {
    name: 'ReceiverHooksWatchesCut',
    expr: 'sum by (resource) (increase(receiverhooks_watch_cuts_total[15m])) > 20',
    for: '15m',
    severity: 'warning',
    summary: 'Watches of {{ $labels.resource }} end again and again.',
    description: 'The API server, or what is between, cuts them. Each post then costs a read more.',
    tested: {
      firing: { 'receiverhooks_watch_cuts_total{resource="receiverhooks"}': '0+5x60' },
      labels: { resource: 'receiverhooks' },
      quiet: { 'receiverhooks_watch_cuts_total{resource="receiverhooks"}': '0+1x60' },
    },
  },
  {
    name: 'ReceiverHooksReconcileErrors',
    expr: 'sum by (controller) (rate(controller_runtime_reconcile_errors_total{controller=~"signing-keys|receiverhook.*"}[15m])) > 0.1',
    for: '15m',
    severity: 'warning',
    summary: 'Work of the controller fails: {{ $labels.controller }}.',
    description: 'Its log says with which objects. It tries each again, ever more seldom.',
    tested: {
      firing: { 'controller_runtime_reconcile_errors_total{controller="receiverhook"}': '0+60x60' },
      labels: { controller: 'receiverhook' },
      quiet: { 'controller_runtime_reconcile_errors_total{controller="receiverhook"}': '0+1x60' },
    },
  },
  {
    name: 'ReceiverHooksNotReady',
    expr: 'max by (reason) (receiverhooks_hooks{ready="False"}) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'Hooks are not ready: {{ $labels.reason }}.',
    description: 'Posts to them are refused. kubectl get receiverhooks --all-namespaces shows which.',
    tested: {
      firing: { 'receiverhooks_hooks{ready="False", reason="TargetNotFound"}': '2x60' },
      labels: { reason: 'TargetNotFound' },
      quiet: { 'receiverhooks_hooks{ready="True", reason="Ready"}': '2x60' },
    },
  },
  {
    name: 'ReceiverHooksLeaseOverdue',
    expr: 'max by (namespace, hook) (receiverhooks_leases_overdue) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'What {{ $labels.namespace }}/{{ $labels.hook }} has leased does not end.',
    description: 'A count stays changed for longer than its hook says. The Event LeaseOverdue of the hook says why.',
    tested: {
      firing: { 'receiverhooks_leases_overdue{namespace="shop", hook="web-up"}': '1x60' },
      labels: { namespace: 'shop', hook: 'web-up' },
      quiet: { 'receiverhooks_leased{namespace="shop", kind="Deployment", name="web"}': '2x60' },
    },
  },
  {
    name: 'ReceiverHooksLeaseTooShort',
    expr: 'sum(increase(receiverhooks_events_total{reason="LeaseTooShort"}[1h])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'Alerts fire on after what they have leased has ended.',
    description: 'A count went back although its alert still fires. `for` of a hook does not outlast its sender.',
    tested: {
      firing: { 'receiverhooks_events_total{type="Warning", reason="LeaseTooShort"}': '0+1x60' },
      labels: {},
      quiet: { 'receiverhooks_events_total{type="Warning", reason="LeaseOverdue"}': '0+1x60' },
    },
  },
  {
    name: 'ReceiverHooksOutcomeUnknown',
    expr: 'sum by (namespace, hook) (increase(receiverhooks_deliveries_total{reason="OutcomeUnknown"}[1h])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'Nobody knows whether a post to {{ $labels.namespace }}/{{ $labels.hook }} was executed.',
    description:
      'The answer of the API server was lost, and its history no longer shows the outcome. Look at the target.',
    tested: {
      firing: { [delivered('skipped', 'OutcomeUnknown')]: '0+1x60' },
      labels: { namespace: 'shop', hook: 'web-up' },
      quiet: { [delivered('applied', 'Stepped')]: '0+1x60' },
    },
  },
]

/** The page that says what to do, each alert under a heading of its name. */
export const runbooks = 'docs/how-to/alerts.md'

const runbookOf = (name: string): string => `${runbooks}#${name.toLowerCase()}`

const groups = (): object => ({
  groups: [
    {
      name: 'receiver-hooks',
      rules: alerts.map(({ description, expr, for: time, name, severity, summary }) => ({
        alert: name,
        expr,
        for: time,
        labels: { severity },
        annotations: { summary, description, runbook_url: runbookOf(name) },
      })),
    },
  ],
})

const head = '# Generated by "npm run generate" from scripts/deploy/alerts.ts.\n'

/** Returns the alerts as a rules file of Prometheus'. */
export const alertsFile = (): string => head + stringify(groups(), { lineWidth: 0 })

/** Returns the alerts for the Prometheus operator. */
export const prometheusRule = (): string =>
  head +
  stringify(
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'receiver-hooks', namespace: 'receiver-hooks' },
      spec: groups(),
    },
    { lineWidth: 0 },
  )

/**
 * Returns the tests of promtool: for each alert, series by which it fires, and others by which it
 * stays silent.
 */
export const alertsTest = (): string =>
  head +
  stringify(
    {
      rule_files: ['alerts.yaml'],
      evaluation_interval: '1m',
      tests: alerts.flatMap(alert => [
        tested(alert, alert.tested.firing, [alert.tested.labels]),
        tested(alert, alert.tested.quiet, []),
      ]),
    },
    { lineWidth: 0 },
  )

const tested = (alert: Alert, series: Series, fires: readonly Readonly<Record<string, string>>[]): object => ({
  name: `${alert.name} ${fires.length > 0 ? 'fires' : 'keeps quiet'}`,
  interval: '1m',
  input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
  alert_rule_test: [
    {
      eval_time: testedAfter,
      alertname: alert.name,
      exp_alerts: fires.map(labels => ({
        exp_labels: { severity: alert.severity, ...labels },
        exp_annotations: {
          summary: filled(alert.summary, labels),
          description: alert.description,
          runbook_url: runbookOf(alert.name),
        },
      })),
    },
  ],
})

const filled = (template: string, labels: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '')
