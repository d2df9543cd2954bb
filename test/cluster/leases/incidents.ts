import type { Rng } from '../../simulation/seed.ts'
import type { LeaseHook } from './installed.ts'

/** An alert of a group of its own. Times are in milliseconds since the run began. */
export interface Incident {
  readonly name: string
  readonly from: number
  readonly until: number
  /** The hooks that are notified. */
  readonly receiver: string
}

/** How long a run takes, what it sends, and how long a lease lasts. */
export interface Extent {
  /** For how long alerts begin and end, in milliseconds. */
  readonly alertsMs: number
  /** How long an alert fires, in milliseconds. */
  readonly minMs: number
  readonly maxMs: number
  /** How many alerts there are for each receiver. */
  readonly incidents: number
  /** Which share of all posts is lost for good. */
  readonly lostShare: number
  /** Durations of Alertmanager. */
  readonly groupWait: string
  readonly groupInterval: string
  readonly repeatInterval: string
  /** The `for` of all hooks. It outlasts three repeats. */
  readonly leaseFor: string
  readonly leaseMs: number
  /** How often counts and records are read, in milliseconds. */
  readonly sampleMs: number
}

/** Takes seconds. More posts are lost, so that some of few are lost. */
export const short: Extent = {
  alertsMs: 9000,
  minMs: 1000,
  maxMs: 4000,
  incidents: 3,
  lostShare: 0.25,
  groupWait: '200ms',
  groupInterval: '1s',
  repeatInterval: '1s',
  leaseFor: '6s',
  leaseMs: 6000,
  sampleMs: 500,
}

export const long: Extent = {
  alertsMs: 3_600_000,
  minMs: 15_000,
  maxMs: 360_000,
  incidents: 40,
  lostShare: 0.1,
  groupWait: '1s',
  groupInterval: '10s',
  repeatInterval: '20s',
  leaseFor: '90s',
  leaseMs: 90_000,
  sampleMs: 1000,
}

/** The counts of the targets before any alert. */
export const bases: Readonly<Record<string, number>> = {
  leased: 3,
  forever: 3,
  two: 2,
  both: 6,
  lowered: 8,
  tight: 4,
  none: 0,
  said: 5,
}

/** The targets whose counts need not come back: a hook without `for`, and a person who says another number. */
export const forever = 'forever'
export const said = 'said'

/** The number that a person sets in the middle of a run. No hook makes this number: the same number again would be no word. */
export const word = 50

/** Returns the hooks, by the receiver that Alertmanager has for them. */
export const hooksFor = ({ leaseFor }: Extent): ReadonlyMap<string, readonly LeaseHook[]> => {
  const spec = { onResolved: 'undo', dedupeWindow: '24h', for: leaseFor }
  const up = (target: string, by: number, max = 60): LeaseHook => ({
    ...{ name: `${target}-up-${by}`, target, action: 'up', by, max, spec },
  })
  const down = (target: string, by: number, min: number): LeaseHook => ({
    ...{ name: `${target}-down-${by}`, target, action: 'down', by, min, max: 60, spec },
  })
  return new Map([
    // The same alerts and the same losses, with `for` and without it.
    ['compared', [up('leased', 1), { ...up(forever, 1), spec: { onResolved: 'undo', dedupeWindow: '24h' } }]],
    ['two-1', [up('two', 1)]],
    ['two-3', [up('two', 3)]],
    ['both-up', [up('both', 2)]],
    ['both-down', [down('both', 1, 0)]],
    ['lowered', [down('lowered', 2, 1)]],
    // Bounds stop half of the steps, and keep ends back.
    ['tight-up', [up('tight', 2, 6)]],
    ['tight-down', [down('tight', 3, 2)]],
    ['none', [up('none', 2)]],
    ['said', [up(said, 1)]],
  ])
}

/** Plans alerts for each receiver, which overlap. */
export const incidentsFor = (receivers: Iterable<string>, extent: Extent, rng: Rng): readonly Incident[] =>
  [...receivers].flatMap(receiver =>
    Array.from({ length: extent.incidents }, (_, number) => {
      const lasts = rng.int(extent.minMs, Math.min(extent.maxMs, rng.int(extent.minMs, extent.maxMs) * 2))
      const from = rng.int(0, extent.alertsMs - lasts)
      return { name: `${receiver}-${number}`, receiver, from, until: from + lasts }
    }),
  )

/** Returns the configuration of an Alertmanager: each alert is a group of its own, and each hook gets its posts at `urlOf`. */
export const configFor = (
  { groupInterval, groupWait, repeatInterval }: Extent,
  receivers: ReadonlyMap<string, readonly LeaseHook[]>,
  urlOf: (hook: string) => string,
) => ({
  route: {
    receiver: 'nobody',
    group_by: ['incident'],
    group_wait: groupWait,
    group_interval: groupInterval,
    repeat_interval: repeatInterval,
    routes: [...receivers.keys()].map(receiver => ({ receiver, matchers: [`receiver="${receiver}"`] })),
  },
  receivers: [
    { name: 'nobody' },
    ...[...receivers].map(([name, hooks]) => ({
      name,
      webhook_configs: hooks.map(hook => ({ url: urlOf(hook.name), send_resolved: true })),
    })),
  ],
})
