import { at, isObject, stringAt, type JsonObject } from '../../api/json.ts'

/** A receiver as Rancher 1.x's webhook service lists it: https://github.com/rancher/webhook-service. */
export interface Receiver {
  readonly name: string
  readonly driver: string
  readonly active: boolean
  /** The member that is named after its driver: `scaleServiceConfig`. */
  readonly config: JsonObject
}

/** The receivers of an export: what `GET /v1-webhooks/receivers` answers, or its list, or one of it. Undefined for anything else. */
export const receiversIn = (json: unknown): readonly Receiver[] | undefined => {
  const list: unknown = at(json, 'data') ?? json
  const all: readonly unknown[] = Array.isArray(list) ? list : [list]
  const found = all.flatMap(entry => {
    const driver = stringAt(entry, 'driver')
    if (driver === undefined) return []
    const config = at(entry, `${driver}Config`)
    return [
      {
        name: stringAt(entry, 'name') ?? '',
        driver,
        active: (stringAt(entry, 'state') ?? 'active') === 'active',
        config: isObject(config) ? config : {},
      },
    ]
  })
  return found.length === 0 ? undefined : found
}
