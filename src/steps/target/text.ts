import { keyOf } from '../../api/hash.ts'
import type { Target } from './target.ts'
import { countNamed } from './counts.ts'
import { viaScale } from './via-scale.ts'

/**
 * Writes a target as a claim names it, such as `apps/v1/deployments/Deployment/web`. The name of
 * the accessor is appended, unless it is that for /scale. The namespace is left out: it is the
 * record's.
 */
export const targetText = ({ at, name, type }: Omit<Target, 'namespace'>): string =>
  `${[type.group, type.version, type.resource, type.kind, name].join('/')}${at.text === viaScale.text ? '' : ` ${at.text}`}`

/**
 * Returns 8 characters that identify the count of one object. Another object of the same name has
 * another uid. Other members that a write sets do not change the result.
 */
export const countId = ({ at }: Pick<Target, 'at'>, uid: string): string => keyOf(`${uid} ${at.field}`).slice(0, 8)

/**
 * Parses the target of a claim. An account that may write records can put any text there, and the
 * text becomes the path of a request. So this returns undefined unless it names a kind with a
 * count, and a known accessor. A claim with another text is given up, because it would block for
 * ever. A new kind therefore needs a new version of the record's format.
 */
export const parseTarget = (text: string, namespace: string): Target | undefined => {
  const parts = /^([^/ ]*)\/([^/ ]+)\/([^/ ]+)\/([^/ ]+)\/([^/ ]+)(?: (.+))?$/.exec(text)
  if (!parts) return undefined
  const [, group = '', version = '', resource = '', kind = '', name = '', way = viaScale.text] = parts
  const type = { group, version, resource, kind }
  const at = countNamed(type, way)
  return at && objectName.test(name) ? { type, namespace, name, at } : undefined
}

/** A DNS subdomain (RFC 1123), which Kubernetes requires in names. Never empty, `.` or `..`. */
const objectName = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/
