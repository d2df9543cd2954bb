import { createHash } from 'node:crypto'
import { at, isObject, listAt, stringAt, type JsonObject } from '../src/api/json.ts'
import type { Admitted } from './definition.ts'
import { requiredValue } from './status.ts'

/**
 * Admits a Service as the real server does: with its type, the protocol and target of its ports,
 * and a cluster IP that stays the same. Nothing answers at that address.
 */
export const admitService = (sent: JsonObject, old: JsonObject | undefined): Admitted => {
  const spec = isObject(sent['spec']) ? sent['spec'] : {}
  const type = stringAt(spec, 'type') ?? 'ClusterIP'
  if (type === 'ExternalName') return { object: sent, causes: [], unknownFields: [] }
  const ip =
    stringAt(spec, 'clusterIP') ??
    stringAt(old, 'spec', 'clusterIP') ??
    addressFor(`${stringAt(sent, 'metadata', 'namespace')}/${stringAt(sent, 'metadata', 'name')}`)
  const ports = listAt(spec, 'ports').map(port =>
    isObject(port) ? { protocol: 'TCP', targetPort: at(port, 'port'), ...port } : port,
  )
  const object = {
    ...sent,
    spec: {
      sessionAffinity: 'None',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
      internalTrafficPolicy: 'Cluster',
      ...spec,
      type,
      clusterIP: ip,
      clusterIPs: [ip],
      ...(ports.length > 0 && { ports }),
    },
  }
  const causes = ports.length === 0 && ip !== 'None' ? [requiredValue('spec.ports')] : []
  return { object, causes, unknownFields: [] }
}

/** Returns an address of the usual range of Services, 10.96.0.0/12. It follows from the name. */
const addressFor = (name: string): string => {
  const [second = 0, third = 0, fourth = 0] = createHash('sha256').update(name).digest()
  return `10.${96 + (second & 15)}.${third}.${1 + (fourth % 254)}`
}
