import type { JsonObject } from '../src/api/json.ts'

/**
 * Events have two forms: core `v1`, which kubectl reads and the store keeps, and
 * `events.k8s.io/v1`, which newer clients write. Each pair has the two names of one member: in core
 * `v1`, and in `events.k8s.io/v1`.
 */
const renamed = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
] as const

const rename = (object: JsonObject, names: ReadonlyMap<string, string>): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]))

/** Converts an `events.k8s.io/v1` event to core `v1`. */
export const coreEvent = (object: JsonObject): JsonObject =>
  rename(object, new Map(renamed.map(([core, modern]) => [modern, core])))

/** Converts a core `v1` event to `events.k8s.io/v1`. */
export const modernEvent = (object: JsonObject): JsonObject =>
  rename(object, new Map(renamed.map(([core, modern]) => [core, modern])))

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

/** The fields by which events can be selected, with their paths in the stored form. */
export const eventFields: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(involved.map(member => [`involvedObject.${member}`, ['involvedObject', member]])),
  ...Object.fromEntries(involved.map(member => [`regarding.${member}`, ['involvedObject', member]])),
  reason: ['reason'],
  reportingComponent: ['reportingComponent'],
  source: ['source', 'component'],
  type: ['type'],
}
