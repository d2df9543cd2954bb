import type { JsonObject } from '../api/json.ts'

/**
 * Events have two faces: core `v1`, which kubectl reads and which is kept, and `events.k8s.io/v1`, which newer clients
 * write. Each pair is the same member in the first and in the second.
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

/** An `events.k8s.io/v1` event as core `v1` has it. */
export const coreEvent = (object: JsonObject): JsonObject =>
  rename(object, new Map(renamed.map(([core, modern]) => [modern, core])))

/** A core `v1` event as `events.k8s.io/v1` has it. */
export const modernEvent = (object: JsonObject): JsonObject =>
  rename(object, new Map(renamed.map(([core, modern]) => [core, modern])))

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

/** What events can be selected by, in the form in which they are kept. */
export const eventFields: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(involved.map(member => [`involvedObject.${member}`, ['involvedObject', member]])),
  ...Object.fromEntries(involved.map(member => [`regarding.${member}`, ['involvedObject', member]])),
  reason: ['reason'],
  reportingComponent: ['reportingComponent'],
  source: ['source', 'component'],
  type: ['type'],
}
