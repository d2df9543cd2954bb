import { exampleURL, type Sender } from '../../src/senders/sender.ts'
import { code, generated, table } from './markdown.ts'

/** The page that says of every sender what a hook makes of its posts, and how it is set up. */
export const sendersPage = (senders: readonly Sender[]): string => `${generated}
# Senders

A hook runs for any POST. From those that it knows, it understands more: whether an alert fires or is over, and which posts are one and
the same delivery, so that no step is lost or made twice when a post is sent again. The sender's name stands in the log, in the metric
\`receiverhooks_deliveries_total\` and in the hook's \`status.lastDelivery\`.

${table(
  ['sender', 'name', 'two posts are one delivery by', 'posts again', 'shows a failure in'],
  senders
    .toSorted(byTitle)
    .map(({ about, name }) => [
      `[${about.title}](#${anchor(about.title)})`,
      code(name),
      about.identity,
      about.retries,
      about.failures,
    ]),
)}

- An alert that fires runs the hook. One that is over runs it only where \`onResolved\` says so. Where some alerts of a group are over
  and no new one fires, the hook is skipped with the reason \`PartlyResolved\`; for pings, acknowledgements and unknown states, with
  \`NoNews\`.
- Within the hook's \`dedupeWindow\` two posts that say the same are one delivery, also where the table has a later moment make them two.
- Posts of a sender that does not speak of beginnings and ends all count.
- The header \`Idempotency-Key\` names a delivery of any sender, and wins over what the table says.
- 503 asks the sender to try again, and is answered only where nothing was changed or the delivery has a name. No other refusal gets
  better by trying again.
- A skip is answered 200, so that nobody tries again. An alert that is skipped with the reason \`CoolingDown\` therefore comes back no
  sooner than its sender repeats it: Alertmanager after its \`repeat_interval\`, 4 h by default.

In the configurations below, \`${exampleURL}\` stands where the hook's URL has to go: it is in the hook's
\`status.triggerURL\`, or in the Secret that \`token.secretName\` names.

To teach the product another sender, see [Add a sender](../develop/add-a-sender.md).
${senders.toSorted(byTitle).map(section).join('')}`

/** What knows no format of its own comes last. */
const byTitle = (a: Sender, b: Sender): number =>
  Number(a.name === 'plain') - Number(b.name === 'plain') || a.about.title.localeCompare(b.about.title)

const section = ({ about: { configuration, documentation, title } }: Sender): string => `
## ${title}

[What it posts](${documentation}). Where it goes: ${configuration.where}

\`\`\`${configuration.language}
${configuration.text.trimEnd()}
\`\`\`
`

/** A heading's anchor, as GitHub makes it. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
