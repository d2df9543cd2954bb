import { at, isObject, listAt, numberAt, stringAt } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { ReasonIn } from '../../api/reasons.ts'
import { hostOfAddress } from '../../environment/addresses.ts'
import type { ResourceType } from '../../kube/paths.ts'
import type { Forward } from './schema.ts'

export const serviceType: ResourceType = { group: '', version: 'v1', resource: 'services', kind: 'Service' }

/** Why a post cannot be passed on to a Service. */
export interface ServiceProblem {
  readonly reason: ReasonIn<'failed'> & ReasonIn<'condition'>
  readonly message: string
}

/** Where a Service takes requests. */
export interface ServiceAddress {
  /** The cluster IP and the port, as in a URL. */
  readonly host: string
}

/**
 * Returns where a Service takes requests, or why a post cannot be passed on to it. Only the cluster
 * IP counts: every other address in a Service can be any address, such as that of a node.
 */
export const addressOf = (
  service: StoredObject | undefined,
  { name, port }: Forward['service'],
  namespace: string,
): ServiceAddress | ServiceProblem => {
  if (!service) return { reason: 'TargetNotFound', message: `there is no Service/${name} in namespace ${namespace}` }
  const refused = (why: string): ServiceProblem => ({ reason: 'ServiceRefused', message: `Service/${name} ${why}` })
  if (stringAt(service, 'spec', 'type') === 'ExternalName') {
    return refused("is an ExternalName, which can lead anywhere: name the pods' Service")
  }
  const selector = at(service, 'spec', 'selector')
  if (!isObject(selector) || Object.keys(selector).length === 0) {
    return refused('has no selector, so its endpoints can be anywhere: give it a selector for the pods')
  }
  const ip = stringAt(service, 'spec', 'clusterIP') ?? ''
  if (ip === 'None') return refused('is headless: name a Service for these pods that has a cluster IP')
  const host = hostOfAddress(ip)
  if (host === undefined) {
    return refused('has no cluster IP that posts may go to: let the API server assign one')
  }
  const number = portOf(service, port)
  if (number === undefined) {
    return refused(`has no TCP port ${port}: ${portsInWords(service)}`)
  }
  return { host: `${host}:${number}` }
}

interface ServicePort {
  readonly name: string
  readonly number: number
}

const portOf = (service: StoredObject, port: number | string): number | undefined =>
  portsOf(service).find(({ name, number }) => (typeof port === 'number' ? number === port : name === port))?.number

/** Returns the ports of a Service that speak TCP. */
const portsOf = (service: StoredObject): readonly ServicePort[] =>
  listAt(service, 'spec', 'ports').flatMap(each => {
    const number = numberAt(each, 'port')
    const speaksTcp = (stringAt(each, 'protocol') ?? 'TCP') === 'TCP'
    return speaksTcp && number !== undefined ? [{ name: stringAt(each, 'name') ?? '', number }] : []
  })

const portsInWords = (service: StoredObject): string => {
  const ports = portsOf(service).map(({ name, number }) => (name === '' ? `${number}` : `${name} (${number})`))
  return ports.length === 0 ? 'it has none' : `it has ${ports.slice(0, 10).join(', ')}`
}
