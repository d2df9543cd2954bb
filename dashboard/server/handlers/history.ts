import { parseContent, type RecentDelivery, type StoredMemory } from '../../../src/api/record.ts'
import type { Row } from '../../../src/api/row.ts'
import { redacted } from '../../../src/environment/redact.ts'
import { rfc3339 } from '../../../src/environment/time.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import { records } from '../../../src/kube/resources.ts'
import type { HookHistory, PastDelivery } from '../../protocol.ts'
import { ApiRefused, askObject } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { maxHistory } from '../limits.ts'

export const historyRoutes = (router: Api, { examinations, sessionOf }: Context): void => {
  // Returns the deliveries that a hook's record remembers.
  router.get('/hooks/:namespace/:name/history', async (request, response) => {
    const { name, namespace } = request.params
    const command = `kubectl receiverhook describe ${name} -n ${namespace}`
    const read = async (): Promise<HookHistory> => {
      try {
        const record = await examinations.run(sessionOf(request).api, command, api =>
          askObject(api, { method: 'GET', path: objectPath(records, namespace, name) }),
        )
        const content = parseContent(record['content'])
        if (content.content === 'known') return { deliveries: deliveriesIn(content.memory) }
        return { deliveries: [], why: 'another version wrote the record, and this one cannot read it' }
      } catch (error) {
        if (!(error instanceof ApiRefused)) throw error
        if (error.status === 404) return { deliveries: [] }
        if (error.status === 403) return { deliveries: [], why: error.message }
        throw error
      }
    }
    response.json(await read())
  })
}

/**
 * Returns what a record says of deliveries, newest first. Of the newest ones it keeps the answers. Of those before, it
 * keeps the decision, and only of deliveries that name themselves.
 */
const deliveriesIn = ({ recent, rows }: StoredMemory): readonly PastDelivery[] => {
  const oldest = Math.min(...recent.map(({ at }) => at))
  const before = rows
    .filter(({ at }) => at < oldest)
    .toSorted((a, b) => b.at - a.at)
    .map(pastOf)
  return [...recent.map(answered), ...before].slice(0, maxHistory)
}

const answered = ({
  at,
  from,
  message,
  outcome,
  reason,
  sender,
  state,
  stateMessage,
  summary,
  to,
}: RecentDelivery) => ({
  ...{ time: rfc3339(at), sender: redacted(sender), outcome, reason },
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to }),
  ...(summary !== undefined && { summary: redacted(summary) }),
  ...(message !== undefined && { message: redacted(message) }),
  ...(state !== undefined && { state }),
  ...(stateMessage !== undefined && { stateMessage: redacted(stateMessage) }),
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
