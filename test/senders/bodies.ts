import { globSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Delivery, Push } from '../../src/api/delivery.ts'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { parseTime } from '../../src/environment/time.ts'
import type { Message } from '../../src/senders/sender.ts'

/** A post as a sender is known to send it: one of the files in `bodies/SENDER/`. */
export interface KnownBody {
  readonly sender: string
  /** The file's name. */
  readonly name: string
  /** Where its shape is documented. */
  readonly documentation: string
  readonly message: Message
  /** What the sender module is to make of it. */
  readonly says: {
    readonly phase: Delivery['phase']
    /** Equal, among one sender's bodies, for those that are one delivery. Absent: it has no name, and always counts. */
    readonly delivery?: string
    /** Equal, among bodies of one `delivery`, for those that are so however late they come. */
    readonly event: string
    /** Equal, among one sender's bodies, for those of one group of alerts. */
    readonly group?: string
    /** Whether only the record can decide what has happened. */
    readonly mixed: boolean
    /** The pushes, as in `docker.io/acme/web:1.4.2@sha256:…`, and `?/acme/web:1` where it has no host. */
    readonly pushes?: readonly string[]
    /** Whether it is a registry's and lacks what a push needs. */
    readonly unreadable: boolean
  }
}

const phases: readonly Delivery['phase'][] = ['firing', 'resolved', 'partly resolved', 'no news', 'none']

const read = (path: string): KnownBody => {
  const file = parseJson(readFileSync(path, 'utf8'))
  const phase = phases.find(known => known === at(file, 'says', 'phase'))
  if (phase === undefined) throw new Error(`${path}: says.phase has to be one of ${phases.join(', ')}`)
  const delivery = stringAt(file, 'says', 'delivery')
  const group = stringAt(file, 'says', 'group')
  const pushes = at(file, 'says', 'pushes')
  const receivedAt = stringAt(file, 'receivedAt')
  return {
    sender: basename(dirname(path)),
    name: basename(path, '.json'),
    documentation: stringAt(file, 'documentation') ?? '',
    message: {
      headers: texts(at(file, 'headers')),
      json: at(file, 'body'),
      ...(receivedAt === undefined ? {} : { receivedAt: parseTime(receivedAt) }),
    },
    says: {
      phase,
      ...(delivery === undefined ? {} : { delivery }),
      ...(group === undefined ? {} : { group }),
      event: stringAt(file, 'says', 'news') ?? '',
      mixed: at(file, 'says', 'mixed') === true,
      ...(Array.isArray(pushes) && { pushes: pushes.map(String) }),
      unreadable: at(file, 'says', 'unreadable') === true,
    },
  }
}

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(isObject(value) ? value : {}).map(([name, text]) => [name, String(text)]))

export const knownBodies: readonly KnownBody[] = globSync('test/senders/bodies/*/*.json').sort().map(read)

/** Returns a push as the table writes it. */
export const pushText = ({ digest, host = '?', path, tag }: Push): string =>
  `${host}/${path}:${tag}${digest === undefined ? '' : `@${digest}`}`

/** Every two of one sender's bodies. */
export const pairs: readonly (readonly [KnownBody, KnownBody])[] = knownBodies.flatMap((one, i) =>
  knownBodies
    .slice(i + 1)
    .filter(({ sender }) => sender === one.sender)
    .map(other => [one, other] as const),
)
