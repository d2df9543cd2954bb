import { reasons, type Place } from '../../src/api/reasons.ts'
import { code, generated, table } from './markdown.ts'

/** Where a delivery can end without a step, in the order in which to look: what it looks like, and what to make of it. */
const places: readonly { readonly place: Place; readonly title: string; readonly text: string }[] = [
  {
    place: 'skipped',
    title: 'It was skipped (200)',
    text: 'The delivery arrived and did not count. For its sender that is a success: no sender shows it, so look here.',
  },
  {
    place: 'unchanged',
    title: 'It changed nothing (200)',
    text: 'The delivery counted, and the target was there already.',
  },
  { place: 'rejected', title: 'It was rejected (409)', text: 'Nothing was changed.' },
  {
    place: 'failed',
    title: 'It failed (422)',
    text: 'Nothing was changed. Alertmanager sends it again at its next flush, and counts it in `alertmanager_notifications_failed_total`.',
  },
  {
    place: 'unavailable',
    title: 'There was no time, room or server for it (503)',
    text: 'Nothing was changed, or the delivery is named and may safely be sent again. Most senders do so at once.',
  },
  {
    place: 'refused',
    title: 'It never became a delivery (4xx, 503)',
    text: "The answer names no hook, and the hook's status and Events do not tell of it: only the sender, the trigger's log and its metrics do.",
  },
  {
    place: 'condition',
    title: 'The hook is not Ready',
    text: '`kubectl get receiverhooks -o wide` shows the reason, `kubectl describe` the message.',
  },
]

const look = `
## Where to look

| look at | it tells |
|---|---|
| \`kubectl -n NAMESPACE get receiverhook NAME -o yaml\` | \`status.recent\`: the last ten deliveries with outcome and reason, within seconds; \`status.counts\`; \`status.conditions\` |
| \`kubectl -n NAMESPACE events --for receiverhook/NAME\` | each change of outcome |
| the trigger's log | one line a delivery: \`namespace\`, \`hook\`, \`sender\`, \`outcome\`, \`reason\`, \`status\`, \`ms\` |
| \`receiverhooks_deliveries_total{namespace, hook, driver, sender, outcome, reason}\` | every delivery of every replica, exactly, until ten minutes after the hook's end |
| \`curl -X POST "URL?dryRun=true"\` with the sender's body | what it would do now, without doing it |

Nothing there at all? Then nothing has reached the trigger endpoint: look at the sender, at its URL and at what stands between.

No answer, a closed connection? The outcome of a write was not known when the delivery's four seconds ended. It happened once or not at all:
the target's count tells. A delivery with an \`Idempotency-Key\`, or one of Alertmanager's, is answered 503 instead, since sending it again is safe.
`

/** The page that leads from what is seen of a delivery to what to do about it. */
export const whyPage = (): string => `${generated}
# Why did my hook not fire?
${look}
${places.map(({ place, text, title }) => `## ${title}\n\n${text}\n\n${rowsOf(place)}`).join('\n\n')}
`

const rowsOf = (place: Place): string =>
  table(
    ['reason', 'what has happened', 'what to do'],
    Object.entries(reasons)
      .filter(([reason, { where }]) => reason !== 'Valid' && where.some(other => other === place))
      .map(([reason, { means, todo }]) => [code(reason), means, todo]),
  )
