import { objectNameRule } from '../../../api/names.ts'
import type { Handler } from '../context.ts'
import { refuse } from '../exchange.ts'
import { streamHooks } from '../stream.ts'

/** A resourceVersion is opaque, but never long and never anything else than these. */
const versionPattern = /^[A-Za-z0-9-]{1,64}$/

/** How many kinds a page may name: drivers act on fewer. */
const mostKinds = 20

/** Streams the hooks of a namespace, or of all. */
export const stream: Handler = async ({ sessions, version, world }, { headers, query, session }) => {
  const namespace = query.get('namespace') ?? ''
  if (namespace !== '' && !objectNameRule.holds(namespace)) {
    return refuse(400, 'BadRequest', 'namespace is no name')
  }
  const free = sessions.stream(session)
  if (free === undefined) {
    return refuse(429, 'TooManyStreams', 'too many pages are open; close some', { 'retry-after': '5' })
  }
  const from = headers['last-event-id'] ?? ''
  const options = {
    ...(namespace === '' ? {} : { namespace }),
    ...(versionPattern.test(from) ? { from } : {}),
    kinds: (query.get('kinds') ?? '').split(',').slice(0, mostKinds),
    version,
    sessionEnded: session.ended,
    onExpired: () => sessions.end(session, 'expired'),
  }
  return { stream: out => streamHooks({ ...world, api: session.api }, options, out).finally(free) }
}
