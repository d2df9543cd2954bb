import { at, isObject, stringAt, type JsonObject } from '../../src/api/json.ts'

/**
 * A receiver in the list of Rancher 1.x's webhook service
 * (https://github.com/rancher/webhook-service).
 */
export interface Receiver {
  readonly name: string
  readonly driver: string
  readonly active: boolean
  /** The member named after the driver, such as `scaleServiceConfig`. */
  readonly config: JsonObject
}

/**
 * Returns the receivers in an export. The export is the answer of `GET /v1-webhooks/receivers`, the
 * list in that answer, or one item of the list. Returns undefined for other JSON.
 */
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
