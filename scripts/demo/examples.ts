import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'

/** The files in deploy/examples/alertmanager, at a pace at which one can watch what they do. */

type Members = Readonly<Record<string, (value: unknown) => unknown>>

const example = (name: string, members: Members): unknown => {
  const parsed: unknown = parse(readFileSync(join(folder, name), 'utf8'), (key, value: unknown) => {
    const change = typeof key === 'string' ? members[key] : undefined
    return change ? change(value) : value
  })
  return parsed
}

const folder = join(import.meta.dirname, '../../deploy/examples/alertmanager')

/** Prometheus' rules, whose alerts fire as soon as what they say is so. */
export const exampleRules = (): unknown => example('rules.yaml', { for: () => '0s' })

/**
 * The load per pod above which {@link exampleRules} call a pod busy, and the one below which they
 * call it idle.
 */
export interface Thresholds {
  readonly busy: number
  readonly idle: number
}

export const exampleThresholds = (): Thresholds => {
  const rules = readFileSync(join(folder, 'rules.yaml'), 'utf8')
  const after = (sign: string): number => Number(new RegExp(`expr: .* ${sign} ([0-9]+)$`, 'm').exec(rules)?.[1])
  return { busy: after('>'), idle: after('<') }
}

/** How soon Alertmanager notifies of a new alert and how often of changes, and when it repeats a notification. */
export interface Intervals {
  readonly groupWait: string
  readonly groupInterval: string
  readonly repeatInterval: string
}

/** Returns Alertmanager's configuration, which reads the hooks' URLs from files in `urls`. */
export const exampleRoutes = (intervals: Intervals, urls: string): unknown =>
  example('alertmanager.yaml', {
    group_wait: () => intervals.groupWait,
    group_interval: () => intervals.groupInterval,
    repeat_interval: () => intervals.repeatInterval,
    url_file: path => join(urls, basename(String(path))),
  })
