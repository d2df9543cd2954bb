import { at, stringAt } from '../../../api/json.ts'
import { hookKind } from '../../../api/names.ts'
import { redacted } from '../../../environment/redact.ts'
import { collectionPath } from '../../../kube/paths.ts'
import { events } from '../../../kube/resources.ts'
import type { HookEvent } from '../../protocol.ts'
import { ask } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { maxEvents } from '../limits.ts'
import { listOf } from '../row.ts'

export const eventRoutes = (api: Api, { sessionOf }: Context): void => {
  // The newest Events that regard a hook.
  api.get('/hooks/:namespace/:name/events', async (request, response) => {
    const { name, namespace } = request.params
    const list = await ask(sessionOf(request).api, {
      method: 'GET',
      path: collectionPath(events, namespace),
      query: { fieldSelector: `regarding.kind=${hookKind},regarding.name=${name}` },
    })
    const found = listOf(list['items']).map(eventOf)
    response.json(found.toSorted((a, b) => (a.time < b.time ? 1 : -1)).slice(0, maxEvents))
  })
}

const eventOf = (event: unknown): HookEvent => {
  const count = at(event, 'series', 'count')
  const times = [
    stringAt(event, 'series', 'lastObservedTime'),
    stringAt(event, 'eventTime'),
    stringAt(event, 'deprecatedLastTimestamp'),
  ]
  return {
    time: times.find(time => time !== undefined) ?? '',
    type: stringAt(event, 'type') ?? '',
    reason: stringAt(event, 'reason') ?? '',
    note: redacted(stringAt(event, 'note') ?? ''),
    count: typeof count === 'number' ? count : 1,
  }
}
