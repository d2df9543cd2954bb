import type { Target } from './target.ts'
import { countNamed } from './counts.ts'
import { viaScale } from './via-scale.ts'

/**
 * Writes a target as a claim names it: `apps/v1/deployments/Deployment/web`, and the way of writing behind it unless that is
 * /scale, as all were that the first version stored. Its namespace is the record's.
 */
export const targetText = ({ at, name, type }: Target): string =>
  `${[type.group, type.version, type.resource, type.kind, name].join('/')}${at.text === viaScale.text ? '' : ` ${at.text}`}`

/**
 * Reads the target that a claim names. The text decides the path of a request, and an account that may write records may write
 * anything there: undefined unless it names an object of a kind that has a count, and where that is. What no version writes is
 * given up, or it would block for ever; a kind that earlier versions do not know raises the record's format.
 */
export const parseTarget = (text: string, namespace: string): Target | undefined => {
  const parts = /^([^/ ]*)\/([^/ ]+)\/([^/ ]+)\/([^/ ]+)\/([^/ ]+)(?: (.+))?$/.exec(text)
  if (!parts) return undefined
  const [, group = '', version = '', resource = '', kind = '', name = '', way = viaScale.text] = parts
  const type = { group, version, resource, kind }
  const at = countNamed(type, way)
  return at && objectName.test(name) ? { type, namespace, name, at } : undefined
}

/** A DNS subdomain (RFC 1123), as Kubernetes asks for in names; never empty, `.` or `..`. */
const objectName = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/
