import { at, stringAt } from '../../../src/api/json.ts'
import { hookKind } from '../../../src/api/names.ts'
import { redacted } from '../../../src/environment/redact.ts'
import { events } from '../../../src/kube/resources.ts'
import type { HookEvent } from '../../protocol.ts'
import { askList } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { maxEvents } from '../limits.ts'

export const eventRoutes = (api: Api, { sessionOf }: Context): void => {
  // Returns the newest Events of a hook.
  api.get('/hooks/:namespace/:name/events', async (request, response) => {
    const { name, namespace } = request.params
    const query = { fieldSelector: `regarding.kind=${hookKind},regarding.name=${name}` }
    let newest: readonly HookEvent[] = []
    for await (const object of askList(sessionOf(request).api, events, namespace, { query })) {
      newest = [...newest, eventOf(object)].toSorted((a, b) => (a.time < b.time ? 1 : -1)).slice(0, maxEvents)
    }
    response.json(newest)
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
