import { exampleURL, type Sender } from '../../src/senders/sender.ts'
import { code, generated, table } from './markdown.ts'

/** The page that says of every sender what a hook makes of its posts, and how it is set up. */
export const sendersPage = (senders: readonly Sender[]): string => `${generated}
# Senders

A hook runs for any POST. From those that it knows, it understands more: whether an alert fires or is over, and which posts are one and
the same delivery, so that no step is lost or made twice when a post is sent again. What tells that is the post's **idempotency key**: it is in the header
\`Idempotency-Key\`, or the hook makes it of what the sender posts. The sender's name stands in the log, in the metric
\`receiverhooks_deliveries_total\` and in the hook's \`status.lastDelivery\`.

${table(
  ['sender', 'name', 'does it post again?'],
  senders
    .toSorted(byTitle)
    .map(({ about, name }) => [`[${about.title}](#${anchor(about.title)})`, code(name), postsAgain(about.retries)]),
)}

Each name leads to what it posts again and when, where it shows a failure, and a ready configuration.

- An alert that fires runs the hook. One that is over runs it only where \`onResolved\` says so. Where some alerts of a group are over
  and no new one fires, the hook is skipped with the reason \`PartlyResolved\`; for pings, acknowledgements and unknown states, with
  \`NoNews\`.
- Within the hook's \`dedupeWindow\` two posts that say the same are one delivery, even if one of them describes a later state.
- Posts of a sender that does not speak of beginnings and ends all count.
- The header \`Idempotency-Key\` gives a post of any sender an idempotency key, and wins over the key that its body has.
- 503 asks the sender to try again. The trigger answers it only if nothing was changed, or if the post has an idempotency key. No other
  refusal gets better by trying again.
- A skip is answered 200, so that nobody tries again. An alert that is skipped with the reason \`CoolingDown\` therefore comes back no
  sooner than its sender repeats it: Alertmanager after its \`repeat_interval\`, 4 h by default.

In the configurations below, \`${exampleURL}\` stands where the hook's URL has to go: it is in the hook's
\`status.triggerURL\`, or in the Secret that \`token.secretName\` names.

To teach the product another sender, see [Add a sender](../develop/add-a-sender.md).
${senders.toSorted(byTitle).map(section).join('')}`

/** What knows no format of its own comes last. */
const byTitle = (a: Sender, b: Sender): number =>
  Number(a.name === 'plain') - Number(b.name === 'plain') || a.about.title.localeCompare(b.about.title)

const section = ({ about, name }: Sender): string => {
  const { configuration, documentation, failures, identity, retries, title } = about
  return `
## ${title}

- **Name**: ${code(name)}
- **Two posts are one delivery by**: ${identity}
- **It posts again**: ${retries}
- **It shows a failure in**: ${failures}
- **What it posts**: [its makers' page](${documentation})
- **Where the configuration goes**: ${configuration.where}

\`\`\`${configuration.language}
${configuration.text.trimEnd()}
\`\`\`
`
}

/** Whether a sender posts again, in a word or two, from the sentence that says when. */
const postsAgain = (retries: string): string => {
  if (retries.startsWith('None')) return 'no'
  if (retries.startsWith('Not documented')) return 'not documented'
  if (retries.startsWith('Up to the client')) return 'up to you'
  if (retries.startsWith('As its source is set up')) return 'as set up'
  return /not documented/.test(retries) ? 'partly' : 'yes'
}

/** A heading's anchor, as GitHub makes it. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
