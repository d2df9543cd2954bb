import { stringify } from 'yaml'
import { pageURL } from '../../src/api/site.ts'

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
    /** How long both cases go on before the alert is looked for. Default: {@link testedAfter}. */
    readonly after?: string
    /** Series by which it fires then, with these labels. */
    readonly firing: Series
    readonly labels: Readonly<Record<string, string>>
    /** Series by which it does not. */
    readonly quiet: Series
    readonly more?: readonly Case[]
  }
}

/** Series by which an alert fires with these labels at a time, or stays silent. */
interface Case {
  readonly says: string
  readonly series: Series
  readonly at: string
  readonly fires?: Readonly<Record<string, string>>
}

/** Values by series, as promtool writes them, one a minute. */
type Series = Readonly<Record<string, string>>

/** How long a firing case goes on before the alert is looked for. */
const testedAfter = '30m'

const up = (role: string): string => `up{job="receiver-hooks/receiver-hooks", pod="receiver-hooks-${role}-1"}`
const delivered = (outcome: string, reason: string, pod = 'a'): string =>
  `receiverhooks_deliveries_total{namespace="shop", hook="web-up", driver="scale", sender="plain", outcome="${outcome}", reason="${reason}", pod="${pod}"}`
const build = (pod: string): string => `receiverhooks_build_info{version="1", pod="${pod}"}`
const queue = (pod: string): string => `receiverhooks_step_queue_length{pod="${pod}"}`
const ready = (pod: string): string => `receiverhooks_ready{pod="${pod}"}`
const leads = (pod: string): string => `leader_election_master_status{name="receiver-hooks-controller", pod="${pod}"}`
const errors = (controller: string): string => `controller_runtime_reconcile_errors_total{controller="${controller}"}`
const stuck = (controller: string): string => `receiverhooks_stuck_keys{controller="${controller}"}`
const start = (pod: string): string => `receiverhooks_start_time_seconds{pod="${pod}"}`
const webUp = { namespace: 'shop', hook: 'web-up' }

/** Returns the histogram of posts: how many there are in all, and how many took a second at most. */
const took = (posts: {
  readonly all: string
  readonly fast: string
  readonly bound?: string
  readonly driver?: string
}): Series => {
  const { all, bound = '1', driver = 'scale', fast } = posts
  const series = (name: string, more = ''): string =>
    `receiverhooks_delivery_duration_seconds_${name}{driver="${driver}", outcome="applied"${more}}`
  return {
    [series('bucket', `, le="${bound}"`)]: fast,
    [series('bucket', ', le="2"')]: all,
    [series('bucket', ', le="+Inf"')]: all,
    [series('count')]: all,
  }
}

/** When a process began, as it says itself: at the begin of the case, or two weeks before. */
const began = { now: '0', longAgo: '-1209600' } as const

/** The first value of a counter that appears after 20 minutes, and no second. */
const once = '_x20 1x130'

/**
 * Returns the cases of a counter that appears with its first event: it fires for an hour after that. `counted`
 * names its series at a pod.
 */
const firstTime = (counted: (pod: string) => string, labels: Readonly<Record<string, string>>): readonly Case[] => {
  const [ofA, ofB] = [counted('a'), counted('b')]
  const justOnce = { [start('a')]: `${began.now}x300`, [ofA]: once }
  const old = { [start('a')]: `${began.longAgo}x300`, [ofA]: '1x300' }
  const withGap = { [start('a')]: `${began.longAgo}x120 _x70 ${began.longAgo}x200`, [ofA]: '1x120 _x70 1x200' }
  return [
    { says: 'it has just been counted for the first time', series: justOnce, at: '21m', fires: labels },
    { says: 'it was counted for the first time within the hour', series: justOnce, at: '79m', fires: labels },
    { says: 'it was counted once, more than an hour ago', series: justOnce, at: '81m' },
    { says: 'it was counted once, long ago', series: justOnce, at: '140m' },
    {
      says: 'it is counted again after an hour',
      series: { [start('a')]: `${began.now}x300`, [ofA]: '_x20 1x70 2x40' },
      at: '95m',
      fires: labels,
    },
    {
      says: 'it was counted long ago, and the scrapes have a gap',
      series: { [start('a')]: `${began.now}x120 _x20 ${began.now}x200`, [ofA]: '1x120 _x20 1x200' },
      at: '201m',
    },
    ...['1m', '30m', '59m', '62m', '66m', '120m', '125m'].map(at => ({
      says: `it was counted long ago, and Prometheus has no history, after ${at}`,
      series: old,
      at,
    })),
    ...['192m', '201m', '241m', '245m', '250m', '252m', '257m'].map(at => ({
      says: `it was counted long ago, and the scrapes have a gap longer than an hour, after ${at}`,
      series: withGap,
      at,
    })),
    {
      says: 'it was counted long ago, and the scrapes give other labels since',
      series: {
        [start('a')]: `${began.longAgo}x120 stale`,
        [ofA]: '1x120 stale',
        [start('b')]: `_x121 ${began.longAgo}x100`,
        [ofB]: '_x121 1x100',
      },
      at: '130m',
    },
    ...['102m', '130m', '159m', '160m', '161m'].map(at => ({
      says: `it is counted for the first time by a process that has just begun, after ${at}`,
      // It began at 98m30s, was scraped first at 101m, and counted before 102m.
      series: { ...old, [start('b')]: '_x101 5910x100', [ofB]: '_x102 1x100' },
      at,
      fires: labels,
    })),
    {
      says: 'it was counted more than an hour ago by a process that had just begun',
      series: { ...old, [start('b')]: '_x101 5910x100', [ofB]: '_x102 1x100' },
      at: '163m',
    },
    {
      says: 'it was counted by a process that has just begun, and Prometheus has no history',
      series: { [start('a')]: `${began.now}x60`, [ofA]: '1x60' },
      at: '5m',
      fires: labels,
    },
    {
      says: 'it was counted long ago by a process that has restarted, and Prometheus has no history',
      series: { [start('a')]: `${began.longAgo}x10 660x60`, [ofA]: '1x10 stale' },
      at: '15m',
    },
    {
      says: 'it has fallen with a restart, and is counted again',
      series: { [start('a')]: `${began.longAgo}x100 6060x100`, [ofA]: '5x100 _x9 1x100' },
      at: '115m',
      fires: labels,
    },
    {
      says: 'it has ended with a restart',
      series: { [start('a')]: `${began.longAgo}x100 6060x100`, [ofA]: '5x100 stale' },
      at: '115m',
    },
  ]
}

/** Every label of the counters below. What a process says about itself is joined on the rest, which a scrape has given. */
const ownLabels = ['namespace', 'hook', 'driver', 'sender', 'outcome', 'type', 'reason']

/** When each process began. Each process on the machines has a `process_start_time_seconds`: hours of it cost too much. */
const starts = 'receiverhooks_start_time_seconds'

/**
 * Returns an expression for the series of a counter that have risen within some hours. A trigger that runs no
 * more counts too. `increase` does not see the first event of a counter, which appears with it: its series
 * begins with 1. So a series counts as well if it is new. That Prometheus has not seen it before is no proof:
 * it may have no history, or one with a gap. Either it has seen the process before, without this series. Or
 * the process began within these hours, or in the minutes before, until its first scrape.
 */
const risen = (counter: string, hours: number): string => {
  const [now, before] = [`[${hours}h]`, `[${hours}h] offset ${hours}h`]
  const isNew = `last_over_time(${counter}${now}) > 0 unless present_over_time(${counter}${before})`
  const wasSeen = `present_over_time(${starts}${before})`
  const hasBegun = `min_over_time(${starts}${now}) > time() - ${hours} * 3600 - 300`
  return `increase(${counter}${now}) > 0 or ${isNew} and ignoring (${ownLabels.join(', ')}) (${wasSeen} or ${hasBegun})`
}

const failedPosts = 'receiverhooks_deliveries_total{outcome="failed", hook!=""}'

/** Posts that show that the hook works, also where there is nothing left to do. One that is skipped shows nothing. */
const goodPosts = 'receiverhooks_deliveries_total{outcome=~"applied|unchanged", hook!=""}'

/** Posts that were answered 503, except where all hooks are stopped or a sender posts too much. */
const unavailablePosts =
  'receiverhooks_deliveries_total{outcome="unavailable", hook!="", reason!~"Stopped|RateLimited"}'

/** Posts that show that the hook works, or that what was answered 503 has been done since. */
const doneAfterAll = [goodPosts, 'receiverhooks_deliveries_total{reason="Duplicate", hook!=""}']

/** Posts whose time is the product's and the API server's. Others take the time of a Service, or of many workloads. */
const counted = 'driver=~"scale|scaleNodes"'

/** Longer than the four hours after which Alertmanager repeats a notification by default, in hours. */
const seldom = 5

/**
 * What says that the product runs, whichever roles a process has. A query without it fires as well where
 * nothing runs, or nothing is scraped: that has an alert of its own.
 */
const running = 'group(receiverhooks_build_info)'

const begun: Series = { [start('a')]: `${began.now}x800`, [start('b')]: `${began.now}x800` }

/** Every alert. None uses a label that a scrape may rename. */
export const alerts: readonly Alert[] = [
  {
    name: 'ReceiverHooksDown',
    expr: 'absent(receiverhooks_build_info)',
    for: '2m',
    severity: 'critical',
    summary: 'No Receiver Hooks process is running, or none can be scraped.',
    description: 'No process reports metrics. Posts to trigger URLs may go unanswered.',
    tested: {
      firing: { [up('trigger')]: '0x60' },
      labels: {},
      quiet: { [build('a')]: '1x60' },
    },
  },
  {
    name: 'ReceiverHooksNoTrigger',
    // A process of an older version has no receiverhooks_ready, and counts.
    expr: `${running} unless group(receiverhooks_step_queue_length unless receiverhooks_ready == 0)`,
    for: '2m',
    severity: 'critical',
    summary: 'No trigger is ready, or none can be scraped.',
    description:
      'Other processes are running, or triggers that are not ready. Posts to trigger URLs may go unanswered.',
    tested: {
      firing: { [build('controller')]: '1x60', [leads('controller')]: '1x60' },
      labels: {},
      quiet: { [build('both')]: '1x60', [leads('both')]: '1x60', [queue('both')]: '0x60' },
      more: [
        {
          says: 'every trigger is gone, and controllers run',
          series: { [build('controller')]: '1x60', [build('trigger')]: '1x9 stale', [queue('trigger')]: '0x9 stale' },
          at: '30m',
          fires: {},
        },
        {
          says: 'every trigger runs, and none is ready',
          series: { [build('a')]: '1x60', [queue('a')]: '0x60', [ready('a')]: '0x60' },
          at: '30m',
          fires: {},
        },
        {
          says: 'one trigger of two is ready',
          series: {
            [build('a')]: '1x60',
            [queue('a')]: '0x60',
            [ready('a')]: '0x60',
            [queue('b')]: '0x60',
            [ready('b')]: '1x60',
          },
          at: '30m',
        },
        {
          says: 'each role has processes of its own',
          series: { [build('controller')]: '1x60', [build('trigger')]: '1x60', [queue('trigger')]: '0x60' },
          at: '30m',
        },
        { says: 'nothing runs', series: { [up('trigger')]: '0x60' }, at: '30m' },
      ],
    },
  },
  {
    name: 'ReceiverHooksNoLeader',
    expr: `${running} unless max(leader_election_master_status{name="receiver-hooks-controller"}) == 1`,
    for: '2m',
    severity: 'critical',
    summary: 'No controller leads.',
    description:
      "None runs, or none can take the Lease. New hooks get no URL, and statuses don't change. Posts are still answered.",
    tested: {
      firing: { [build('a')]: '1x60', [leads('a')]: '0x60' },
      labels: {},
      quiet: { [build('a')]: '1x60', [build('b')]: '1x60', [leads('a')]: '0x60', [leads('b')]: '1x60' },
      more: [
        {
          says: 'every controller is gone, and triggers run',
          series: {
            [build('trigger')]: '1x60',
            [build('controller')]: '1x9 stale',
            [leads('controller')]: '1x9 stale',
          },
          at: '30m',
          fires: {},
        },
        { says: 'nothing runs', series: { [up('trigger')]: '0x60' }, at: '30m' },
        {
          says: 'a controller leads for which another takes over within a minute',
          series: { [build('a')]: '1x60', [leads('a')]: '1x19 0x40', [leads('b')]: '0x20 1x39' },
          at: '21m',
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksCacheOfLostHistory',
    expr: 'max(receiverhooks_cache_of_lost_history) > 0',
    for: '0m',
    severity: 'critical',
    summary: 'An API server answers from caches that are older than the restored etcd.',
    description: 'The product ignores its answers, but other programs may not. Restart every API server.',
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
    description: 'Someone ran `kubectl receiverhook stop`. Every post gets 503 and changes nothing.',
    tested: {
      firing: { receiverhooks_stopped: '1x60' },
      labels: {},
      quiet: { receiverhooks_stopped: '0x60' },
    },
  },
  {
    name: 'ReceiverHooksDeliveriesFailing',
    expr: [
      `sum by (namespace, hook) (rate(${failedPosts}[10m])) > 0`,
      // Posts that come more seldom than every ten minutes.
      `or sum by (namespace, hook) (${risen(failedPosts, seldom)})`,
      `unless sum by (namespace, hook) (${risen(goodPosts, seldom)})`,
    ].join(' '),
    for: '10m',
    severity: 'warning',
    summary: 'Posts to {{ $labels.namespace }}/{{ $labels.hook }} are failing.',
    description:
      'Its posts keep failing, or some have failed in the last five hours and none has succeeded since. Its lastDelivery says why.',
    tested: {
      firing: { [delivered('failed', 'TargetNotFound')]: '0+1x60' },
      labels: webUp,
      quiet: { [delivered('applied', 'Stepped')]: '0+1x60' },
      more: [
        {
          says: 'each of the posts fails that come every four hours',
          series: { ...begun, [delivered('failed', 'TargetNotFound')]: '_x20 1x240 2x240 3x240' },
          at: '8h',
          fires: webUp,
        },
        {
          says: 'the only post fails',
          series: { ...begun, [delivered('failed', 'TargetNotFound')]: '_x20 1x600' },
          at: '2h',
          fires: webUp,
        },
        {
          says: 'the only post failed more than five hours ago',
          series: { ...begun, [delivered('failed', 'TargetNotFound')]: '_x20 1x600' },
          at: '5h31m',
        },
        {
          says: 'the only post failed, at a trigger that runs no more',
          series: {
            [start('a')]: `${began.now}x31 stale`,
            [delivered('failed', 'TargetNotFound')]: '_x20 1x10 stale',
          },
          at: '2h',
          fires: webUp,
        },
        ...['20m', '4h', '5h30m'].map(at => ({
          says: `the only post failed long ago, and Prometheus has no history, after ${at}`,
          series: { [start('a')]: `${began.longAgo}x800`, [delivered('failed', 'TargetNotFound')]: '1x800' },
          at,
        })),
        {
          says: 'one post fails, and the next one is applied',
          series: {
            ...begun,
            [delivered('failed', 'TargetNotFound', 'a')]: '_x20 1x600',
            [delivered('applied', 'Stepped', 'b')]: '_x25 1x600',
          },
          at: '35m',
        },
        {
          says: 'one post fails, and the next ones find the count at its bound',
          series: {
            ...begun,
            [delivered('failed', 'TargetNotFound')]: '_x20 1x600',
            [delivered('unchanged', 'AtBound')]: '_x25 1+1x600',
          },
          at: '40m',
        },
        ...['Duplicate', 'Filtered', 'CoolingDown'].map(reason => ({
          says: `one post fails, and the next ones are skipped (${reason}), which proves nothing`,
          series: {
            ...begun,
            [delivered('failed', 'TargetNotFound')]: '_x20 1x600',
            [delivered('skipped', reason)]: '_x25 1+1x600',
          },
          at: '40m',
          fires: webUp,
        })),
        {
          says: 'one post fails of many that are applied',
          series: {
            [delivered('failed', 'TargetNotFound')]: '0x20 1x600',
            [delivered('applied', 'Stepped')]: '0+1x600',
          },
          at: '35m',
        },
        {
          says: 'many posts fail, and as many are applied',
          series: { [delivered('failed', 'TargetNotFound')]: '0+1x60', [delivered('applied', 'Stepped')]: '0+1x60' },
          at: '30m',
          fires: webUp,
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksDeliveriesUnavailable',
    expr: [
      `sum by (namespace, hook) (rate(${unavailablePosts}[15m])) > 0`,
      ...doneAfterAll.map(posts => `unless sum by (namespace, hook) (rate(${posts}[15m])) > 0`),
      // Posts that come more seldom than every 15 minutes.
      `or sum by (namespace, hook) (${risen(unavailablePosts, seldom)})`,
      ...doneAfterAll.map(posts => `unless sum by (namespace, hook) (${risen(posts, seldom)})`),
    ].join(' '),
    for: '15m',
    severity: 'warning',
    summary: 'Posts to {{ $labels.namespace }}/{{ $labels.hook }} get 503.',
    description:
      "None of its posts succeeds, and a sender that doesn't retry has lost its post. The status doesn't show this. The metric and the triggers' log have the reason.",
    tested: {
      firing: { [delivered('unavailable', 'ServiceUnavailable')]: '0+1x60' },
      labels: webUp,
      quiet: { [delivered('applied', 'Stepped')]: '0+1x60' },
      more: [
        ...['Stopped', 'RateLimited'].map(reason => ({
          says: `they are answered ${reason}`,
          series: { ...begun, [delivered('unavailable', reason)]: '0+1x60' },
          at: '45m',
        })),
        {
          says: 'they have been for ten minutes only',
          series: { [delivered('unavailable', 'ApiUnreachable')]: '0x20 0+1x10 10x60' },
          at: '25m',
        },
        ...[
          ['applied', 'Forwarded'],
          ['unchanged', 'AtBound'],
          ['skipped', 'Duplicate'],
        ].map(([outcome = '', reason = '']) => ({
          says: `others of the hook are ${outcome}`,
          series: {
            ...begun,
            [delivered('unavailable', 'ServiceUnavailable')]: '0+1x60',
            [delivered(outcome, reason)]: '0+1x60',
          },
          at: '45m',
        })),
        {
          says: 'they were applied before',
          series: {
            [delivered('applied', 'Forwarded')]: '0+1x60 60x60',
            [delivered('unavailable', 'ServiceUnavailable')]: '_x61 1+1x60',
          },
          at: '100m',
          fires: webUp,
        },
        {
          says: 'the only post is, and its sender does not try again',
          series: { ...begun, [delivered('unavailable', 'ServiceUnavailable')]: '_x20 1x600' },
          at: '60m',
          fires: webUp,
        },
        {
          says: 'the only post is, and the sender tries again',
          series: {
            ...begun,
            [delivered('unavailable', 'ServiceUnavailable', 'a')]: '_x20 1x600',
            [delivered('applied', 'Forwarded', 'b')]: '_x22 1x600',
          },
          at: '60m',
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksDeliveriesSlow',
    expr: [
      `histogram_quantile(0.99, sum by (le) (rate(receiverhooks_delivery_duration_seconds_bucket{${counted}}[10m]))) > 1`,
      // Of few posts, one that is slow is more than one in a hundred. Of three that are, increase() makes 3.3.
      `and sum(increase(receiverhooks_delivery_duration_seconds_count{${counted}}[10m]))`,
      `- sum(increase(receiverhooks_delivery_duration_seconds_bucket{${counted}, le=~"1|1[.]0"}[10m])) > 3.5`,
    ].join(' '),
    for: '10m',
    severity: 'warning',
    summary: 'One post in a hundred to hooks that scale takes more than a second.',
    description:
      'Senders give up after their own time-outs. The API server may be slow, or the triggers short of CPU time.',
    tested: {
      firing: took({ all: '0+10x60', fast: '0x60' }),
      labels: {},
      quiet: took({ all: '0+10x60', fast: '0+10x60' }),
      more: [
        {
          says: 'one post in twenty is slow, as Prometheus 3 writes the bounds',
          series: took({ all: '0+20x60', fast: '0+19x60', bound: '1.0' }),
          at: '30m',
          fires: {},
        },
        {
          says: 'one post in two minutes, and all are slow',
          series: took({
            all: '0 1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9 10 10 11 11 12 12 13 13 14 14 15 15',
            fast: '0x30',
          }),
          at: '30m',
          fires: {},
        },
        ...['20m', '24m', '25m', '28m', '30m', '35m'].map(at => ({
          says: `the only two posts are slow, four minutes apart, after ${at}`,
          series: took({ all: '0x14 1x3 2x60', fast: '0x80' }),
          at,
        })),
        {
          says: 'the only three posts are slow, two minutes apart',
          series: took({ all: '0x14 1x1 2x1 3x60', fast: '0x80' }),
          at: '30m',
        },
        {
          says: 'two of a hundred posts are slow',
          series: took({ all: '0x9 0+10x9 100x60', fast: '0x9 0+10x4 48+10x4 98x60' }),
          at: '25m',
        },
        {
          says: 'every post is slow that a hook passes on to a slow Service',
          series: took({ all: '0+10x60', fast: '0x60', driver: 'forward' }),
          at: '30m',
        },
        {
          says: 'a hook that rolls out many workloads is slow, and those that scale are fast',
          series: {
            ...took({ all: '0+10x60', fast: '0x60', driver: 'redeploy' }),
            ...took({ all: '0+10x60', fast: '0+10x60' }),
          },
          at: '30m',
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksWatchesCut',
    expr: 'sum by (resource) (increase(receiverhooks_watch_cuts_total[15m])) > 20',
    for: '15m',
    severity: 'warning',
    summary: 'Watches of {{ $labels.resource }} keep ending.',
    description:
      'The API server, or something in between, cuts them. Each post then costs one more read. If the resource is receiverhookrecords, new leases end late or not at all.',
    tested: {
      firing: { 'receiverhooks_watch_cuts_total{resource="receiverhooks"}': '0+5x60' },
      labels: { resource: 'receiverhooks' },
      quiet: { 'receiverhooks_watch_cuts_total{resource="receiverhooks"}': '0+1x60' },
    },
  },
  {
    name: 'ReceiverHooksReconcileErrors',
    expr: [
      'sum by (controller) (rate(controller_runtime_reconcile_errors_total{controller=~"receiverhook.*"}[15m])) > 0.1',
      // The queue of the signing keys has one key, which is tried every 30 s at most.
      'or sum by (controller) (increase(controller_runtime_reconcile_errors_total{controller="signing-keys"}[10m])) > 5',
      // A few objects that always fail are tried too seldom for a rate.
      'or max by (controller) (receiverhooks_stuck_keys) > 0',
    ].join(' '),
    for: '15m',
    severity: 'warning',
    summary: "The controller's work is failing: {{ $labels.controller }}.",
    description: 'Its log names the objects. It retries each of them, less and less often.',
    tested: {
      firing: { [errors('receiverhook')]: '0+60x60' },
      labels: { controller: 'receiverhook' },
      quiet: { [errors('receiverhook')]: '0+1x60' },
      more: [
        {
          says: 'the signing keys fail every half minute, which is as often as they are tried',
          series: { [errors('signing-keys')]: '0+2x60' },
          at: '30m',
          fires: { controller: 'signing-keys' },
        },
        {
          says: 'the signing keys have failed for a moment, and soon again',
          series: { [errors('signing-keys')]: '0x9 13x14 26x60' },
          at: '26m',
        },
        {
          says: 'one hook fails again and again',
          series: { [errors('receiverhook')]: '0+2x60', [stuck('receiverhook')]: '0x5 1x60' },
          at: '21m',
          fires: { controller: 'receiverhook' },
        },
        {
          says: 'one hook failed for some minutes',
          series: { [errors('receiverhook')]: '0+2x16 32x60', [stuck('receiverhook')]: '0x5 1x11 0x60' },
          at: '21m',
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksSigningKeysUnusable',
    expr: 'min(receiverhooks_signing_keys_usable) < 1',
    for: '5m',
    severity: 'critical',
    summary: "The leader can't use the signing keys.",
    description:
      "It can't read their Secret, or can't publish their public keys. A leader without keys reconciles no hook, so new hooks get no URL. Posts are still answered.",
    tested: {
      firing: { 'receiverhooks_signing_keys_usable{pod="a"}': '0x60' },
      labels: {},
      quiet: { 'receiverhooks_signing_keys_usable{pod="a"}': '1x60' },
      more: [
        {
          says: 'another leader can use them than the one that could not',
          series: {
            'receiverhooks_signing_keys_usable{pod="a"}': '0x19 stale',
            'receiverhooks_signing_keys_usable{pod="b"}': '_x20 1x40',
          },
          at: '30m',
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksNotReady',
    expr: 'max by (reason) (receiverhooks_hooks{ready!="True"}) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'Hooks are not ready: {{ $labels.reason }}.',
    description:
      'Posts to them are refused. If they are Pending, that is not known yet. kubectl receiverhook doctor -A shows which.',
    tested: {
      firing: { 'receiverhooks_hooks{ready="False", reason="TargetNotFound"}': '2x60' },
      labels: { reason: 'TargetNotFound' },
      quiet: { 'receiverhooks_hooks{ready="True", reason="Ready"}': '2x60' },
      more: [
        {
          says: 'nothing is known of a hook for longer',
          series: { 'receiverhooks_hooks{ready="Unknown", reason="Pending"}': '1x60' },
          at: '16m',
          fires: { reason: 'Pending' },
        },
        {
          says: 'nothing is known of a hook for a few minutes',
          series: { 'receiverhooks_hooks{ready="Unknown", reason="Pending"}': '0x10 1x12 0x40' },
          at: '22m',
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksLeaseOverdue',
    expr: 'max by (namespace, hook) (receiverhooks_leases_overdue) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'A lease of {{ $labels.namespace }}/{{ $labels.hook }} has not ended.',
    description: "A count stays changed for longer than its hook says. The hook's Event LeaseOverdue says why.",
    tested: {
      firing: { 'receiverhooks_leases_overdue{namespace="shop", hook="web-up"}': '1x60' },
      labels: { namespace: 'shop', hook: 'web-up' },
      quiet: { 'receiverhooks_leased{namespace="shop", kind="Deployment", name="web"}': '2x60' },
      more: [
        {
          says: 'only the namespace is named, because many hooks are overdue',
          series: { 'receiverhooks_leases_overdue{namespace="shop", hook=""}': '1x60' },
          at: '30m',
          fires: { namespace: 'shop' },
        },
      ],
    },
  },
  {
    name: 'ReceiverHooksHeldLong',
    expr: 'max by (namespace, kind, name) (receiverhooks_held) > 0',
    for: '24h',
    severity: 'warning',
    summary: '{{ $labels.kind }}/{{ $labels.name }} in {{ $labels.namespace }} has been held for more than a day.',
    description:
      'A backup may be suspended, or a workload asleep, because a sender posts again and again, or `for` is long.',
    tested: {
      after: '25h',
      firing: { 'receiverhooks_held{namespace="shop", kind="CronJob", name="report"}': '1x1500' },
      labels: { namespace: 'shop', kind: 'CronJob', name: 'report' },
      quiet: { 'receiverhooks_held{namespace="shop", kind="CronJob", name="report"}': '1x1400 _x100' },
    },
  },
  {
    name: 'ReceiverHooksApprovalWaits',
    expr: 'max by (namespace, hook) (receiverhooks_awaiting) > 0',
    for: '10m',
    severity: 'warning',
    summary: 'A request to {{ $labels.namespace }}/{{ $labels.hook }} is waiting for approval.',
    description: 'Nobody has decided for ten minutes. The request is closed once the time in `approval` has run out.',
    tested: {
      firing: { 'receiverhooks_awaiting{namespace="shop", hook="web-up"}': '1x60' },
      labels: webUp,
      quiet: { 'receiverhooks_awaiting{namespace="shop", hook="web-up"}': '1x4 _x12 1x4 _x30' },
    },
  },
  {
    name: 'ReceiverHooksLeaseTooShort',
    expr: `sum(${risen('receiverhooks_events_total{reason="LeaseTooShort"}', 1)})`,
    for: '0m',
    severity: 'warning',
    summary: 'Alerts keep firing after their leases have ended.',
    description: "A count went back although its alert is still firing. The hook's `for` is too short for its sender.",
    tested: {
      firing: { 'receiverhooks_events_total{type="Warning", reason="LeaseTooShort"}': '0+1x60' },
      labels: {},
      quiet: { 'receiverhooks_events_total{type="Warning", reason="LeaseOverdue"}': '0+1x60' },
      more: firstTime(pod => `receiverhooks_events_total{type="Warning", reason="LeaseTooShort", pod="${pod}"}`, {}),
    },
  },
  {
    name: 'ReceiverHooksOutcomeUnknown',
    expr: [
      `sum by (namespace, hook) (${risen('receiverhooks_deliveries_total{reason="OutcomeUnknown"}', 1)})`,
      // No post asks for the begin or the end of a lease that nobody knows. There is an Event for both.
      `or (sum(${risen('receiverhooks_events_total{reason="OutcomeUnknown"}', 1)})`,
      `unless on() sum(${risen('receiverhooks_deliveries_total{reason="OutcomeUnknown"}', 1)}))`,
    ].join(' '),
    for: '0m',
    severity: 'warning',
    summary: "Nobody knows whether a hook's step was made.",
    description:
      "The API server's answer was lost, and its history no longer shows the outcome. Check the hook's target, which the labels or an Event name.",
    tested: {
      firing: { [delivered('skipped', 'OutcomeUnknown')]: '0+1x60' },
      labels: webUp,
      quiet: { [delivered('applied', 'Stepped')]: '0+1x60' },
      more: [
        ...firstTime(pod => delivered('skipped', 'OutcomeUnknown', pod), webUp),
        {
          says: 'there is an Event about a lease',
          series: { 'receiverhooks_events_total{type="Warning", reason="OutcomeUnknown"}': '0+1x60' },
          at: '30m',
          fires: {},
        },
        {
          says: 'it was counted once, by a trigger that runs no more',
          series: {
            [start('a')]: `${began.now}x23 stale`,
            [delivered('skipped', 'OutcomeUnknown')]: '_x20 1x2 stale',
          },
          at: '50m',
          fires: webUp,
        },
      ],
    },
  },
]

/** The page that says what to do, each alert under a heading of its name. */
export const runbooks = 'docs/how-to/monitor.md'

/** Returns where people read about an alert: a whole address, since it stands in notifications, far from this repository. */
const runbookOf = (name: string): string => pageURL(`${runbooks}#${name.toLowerCase()}`)

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
    { rule_files: ['alerts.yaml'], evaluation_interval: '1m', tests: alerts.flatMap(testsOf) },
    { lineWidth: 0 },
  )

/** Returns one test for all cases that have the same series: promtool evaluates every alert for each minute of a test. */
const testsOf = (alert: Alert): readonly object[] => {
  const { after = testedAfter, firing, labels, more = [], quiet } = alert.tested
  const cases: readonly Case[] = [
    { says: '', series: firing, at: after, fires: labels },
    { says: '', series: quiet, at: after },
    ...more,
  ]
  return Object.values(Object.groupBy(cases, ({ series }) => JSON.stringify(series))).map((together = []) => ({
    name: together
      .map(({ fires, says }) => `${alert.name} ${fires ? 'fires' : 'keeps quiet'}${says && ': '}${says}`)
      .join('; '),
    interval: '1m',
    input_series: Object.entries(together[0]?.series ?? {}).map(([series, values]) => ({ series, values })),
    alert_rule_test: together.map(({ at, fires }) => ({
      eval_time: at,
      alertname: alert.name,
      exp_alerts: (fires ? [fires] : []).map(of => ({
        exp_labels: { severity: alert.severity, ...of },
        exp_annotations: {
          summary: filled(alert.summary, of),
          description: alert.description,
          runbook_url: runbookOf(alert.name),
        },
      })),
    })),
  }))
}

const filled = (template: string, labels: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '')
