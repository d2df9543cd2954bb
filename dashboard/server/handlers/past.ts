import { byInWords } from '../../../src/api/by.ts'
import { at, stringAt } from '../../../src/api/json.ts'
import { hookKind } from '../../../src/api/names.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { parseContent, type RecentDelivery, type StoredMemory } from '../../../src/api/record.ts'
import type { Row } from '../../../src/api/row.ts'
import { redacted } from '../../../src/environment/redact.ts'
import { rfc3339 } from '../../../src/environment/time.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import { events, records } from '../../../src/kube/resources.ts'
import type { HookEvent, HookHistory, PastDelivery } from '../../protocol.ts'
import { askList, askObject, unlessRefused } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { maxEvents, maxHistory } from '../limits.ts'
import { redactedText } from '../row.ts'

export const pastRoutes = (router: Api, { examinations, sessionOf }: Context): void => {
  // Returns the newest Events of a hook.
  router.get('/hooks/:namespace/:name/events', async (request, response) => {
    const { name, namespace } = request.params
    const query = { fieldSelector: `regarding.kind=${hookKind},regarding.name=${name}` }
    let newest: readonly HookEvent[] = []
    for await (const object of askList(sessionOf(request).api, events, namespace, { query })) {
      newest = [...newest, eventOf(object)].toSorted((a, b) => (a.time < b.time ? 1 : -1)).slice(0, maxEvents)
    }
    response.json(newest)
  })

  // Returns the deliveries that a hook's record remembers.
  router.get('/hooks/:namespace/:name/history', async (request, response) => {
    const { name, namespace } = request.params
    const command = `kubectl receiverhook describe ${name} -n ${namespace}`
    const path = objectPath(records, namespace, name)
    const read = examinations.run(sessionOf(request).api, command, api => askObject(api, { method: 'GET', path }))
    const history = unlessRefused(read.then(historyIn), [403, 404], ({ message, status }) => ({
      deliveries: [],
      ...(status === 403 && { why: message }),
    }))
    response.json(await history)
  })
}

const historyIn = (record: StoredObject): HookHistory => {
  const content = parseContent(record['content'])
  if (content.content === 'known') return { deliveries: deliveriesIn(content.memory) }
  return { deliveries: [], why: "another version wrote the record, and this one can't read it" }
}

/** How long after its decision a delivery may be answered, in milliseconds. */
const answeredWithinMs = 10_000

/**
 * Returns what a record says of deliveries, newest first. Of the newest ones it keeps the answers. Of all that name
 * themselves it keeps the decision in a row, which is a little older than the answer.
 */
const deliveriesIn = ({ recent, rows }: StoredMemory): readonly PastDelivery[] => {
  const left = rows.map(row => ({ at: row.at, past: pastOf(row) })).toSorted((a, b) => b.at - a.at)
  const newest = recent.map(delivery => {
    const { at, from, outcome, to } = delivery
    const index = left.findIndex(
      ({ at: decided, past }) =>
        decided <= at &&
        at - decided < answeredWithinMs &&
        past.outcome === outcome &&
        past.from === from &&
        past.to === to,
    )
    const [row] = index < 0 ? [] : left.splice(index, 1)
    return { at, past: { ...answered(delivery), ...(row?.past.key !== undefined && { key: row.past.key }) } }
  })
  return [...newest, ...left]
    .toSorted((a, b) => b.at - a.at)
    .slice(0, maxHistory)
    .map(({ past }) => past)
}

const answered = ({ at, by, message, sender, stateMessage, summary, ...delivery }: RecentDelivery): PastDelivery => ({
  ...delivery,
  time: rfc3339(at),
  sender: redacted(sender),
  by: by && redacted(byInWords(by)),
  summary: redactedText(summary),
  message: redactedText(message),
  stateMessage: redactedText(stateMessage),
})

/** The first characters of a key's hash, as a name for people. */
const keyLength = 8

const pastOf = (row: Row): PastDelivery => {
  const said = { time: rfc3339(row.at), key: row.key.slice(0, keyLength) }
  switch (row.state) {
    case 'done':
      return { ...said, outcome: row.from === row.to ? 'unchanged' : 'applied', reason: '', from: row.from, to: row.to }
    case 'acted':
      return { ...said, outcome: 'applied', reason: row.reason ?? '', summary: redacted(row.summary) }
    case 'skipped':
      return { ...said, outcome: 'skipped', reason: row.reason }
    case 'claimed':
      return { ...said, outcome: 'claimed', reason: '', from: row.from, to: row.to }
    case 'unknown':
      return { ...said, outcome: 'skipped', reason: 'OutcomeUnknown' }
  }
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
