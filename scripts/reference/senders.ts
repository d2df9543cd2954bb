import type { Sender } from '../../src/senders/sender.ts'
import type { Signature, Snippet, SnippetHook, SnippetText } from '../../cli/snippets/snippet.ts'
import { snippets } from '../../cli/snippets/registry.ts'
import { snippetNamed } from '../../cli/snippets/write.ts'
import { code, generated, table } from './markdown.ts'

/** Returns the page that says of every sender what a hook makes of its posts, and how it is set up. */
export const sendersPage = (senders: readonly Sender[]): string => `${generated}
# Senders

A hook runs for any POST. From those that it knows, it understands more: whether an alert fires or is over, and which posts are one and
the same delivery, so that no step is lost or made twice when a post is sent again. What shows that is the post's **idempotency key**: it is in the header
\`Idempotency-Key\`, or the hook makes it of what the sender posts. The sender's name stands in the log, in the metric
\`receiverhooks_deliveries_total\` and in the hook's \`status.lastDelivery\`.

${table(
  ['sender', 'name', 'does it post again?'],
  senders
    .toSorted(byTitle)
    .map(({ about, name }) => [`[${about.title}](#${anchor(about.title)})`, code(name), postsAgain(about.retries)]),
)}

Each name leads to what it posts again and when, where it shows a failure, and a ready configuration.

- An alert that fires runs the hook. An alert that is over runs it only if \`onResolved\` says so. Where some alerts of a group are over
  and no new one fires, the hook is skipped with the reason \`PartlyResolved\`; for pings, acknowledgements and unknown states, with
  \`NoNews\`.
- Within the hook's \`dedupeWindow\` two posts that say the same are one delivery, even if one of them describes a later state. Alerts that
  have ended and begun again are another one, if the sender reports ends.
- Posts of a sender that does not speak of beginnings and ends all count.
- The header \`Idempotency-Key\` gives a post of any sender an idempotency key, and wins over the key that its body has.
- Of a registry's post, up to 256 pushes are read. A hook that rolls out refuses a post with more as a whole (400 \`PushUnreadable\`): the tag that it
  waits for could be among those that are left out.
- 503 asks the sender to try again. The trigger answers it only if nothing was changed, or if the post has an idempotency key. No other
  refusal gets better by trying again.
- A skip is answered 200, so that nobody tries again. An alert that is skipped with the reason \`CoolingDown\` therefore comes back no
  sooner than its sender repeats it: Alertmanager after its \`repeat_interval\`, 4 h by default.

The configurations below are for a hook \`${example.name}\` in the namespace \`${example.namespace}\` without \`auth\`. \`kubectl receiverhook snippet\` and
the dashboard write them for a hook of yours: with its name and its URL, with what its \`auth\` asks for, and with a reason where a product
could never run it. Without them, \`${example.url}\` stands where the hook's URL has to go: it is in the
hook's \`status.triggerURL\`, or in the Secret that \`token.secretName\` names. A product that hides its headers gets the token, the last
part of the URL, in one of those.

## What each product can prove

A hook asks for one of these with [\`auth\`](../how-to/authenticate-senders.md). "Hidden header": the product hides its headers, so its configuration has the
hook's token in the header \`Authorization\` instead of the URL, unless \`auth\` asks for that header.

${table(
  ['product', 'proves itself by', 'hidden header'],
  snippets
    .toSorted((a, b) => a.title.localeCompare(b.title))
    .map(snippet => [snippet.title, formsOf(snippet), hidesToken(snippet) ? 'yes' : 'no']),
)}

To teach the product another sender, see [Add a sender](../../contributing/add-a-sender.md).
${senders.toSorted(byTitle).map(section).join('')}`

/** Sorts by title. What knows no format of its own comes last. */
const byTitle = (a: Sender, b: Sender): number =>
  Number(a.name === 'plain') - Number(b.name === 'plain') || a.about.title.localeCompare(b.about.title)

/** The hook of the examples. */
const example: SnippetHook = {
  namespace: 'shop',
  name: 'web-up',
  url: 'https://hooks.example.com/v1/trigger/TOKEN',
}

const section = ({ about, name }: Sender): string => {
  const { documentation, failures, identity, notes, retries, title } = about
  const snippet = snippetNamed(name === 'plain' ? 'curl' : name)
  if (snippet === undefined) throw new Error(`there is no configuration for ${name}: add one to cli/snippets`)
  const { texts } = snippet
  return `
## ${title}

- **Name**: ${code(name)}
- **Two posts are one delivery by**: ${identity}
- **It posts again**: ${retries}
- **It shows a failure in**: ${failures}
${notes === undefined ? '' : `- **What to know**: ${notes}\n`}- **What it posts**: [its makers' page](${documentation})
- **What it can prove**: ${proves(snippet)}
${texts(example).map(block).join('')}`
}

/** Returns which forms of \`auth\` a product satisfies, and how it signs. */
const formsOf = ({ proves: { forms, signs } }: Snippet): string => {
  if (forms.length === 0) return 'nothing: the URL is its only secret, as with `path`'
  return forms
    .map(form => (form === 'hmac' && signs ? `${code(form)} (${signs.map(signed).join('; ')})` : code(form)))
    .join(', ')
}

const signed = ({ header, prefix, timestamp }: Signature): string => {
  const text = `${header ?? 'any header'}: ${prefix ?? ''}…`
  return `${code(text)}${timestamp === undefined ? '' : ' with a time'}`
}

/** Returns whether a configuration has the token by itself. */
const hidesToken = (snippet: Snippet): boolean =>
  snippet.texts(example).every(({ text, where }) => !(text + where).includes(example.url))

/** Returns which proofs a hook may ask of it. */
const proves = ({ proves: { forms } }: Snippet): string =>
  forms.length === 0
    ? 'Nothing but that it has the URL: leave `auth` out.'
    : `What ${forms.map(form => code(`auth.${form}`)).join(' or ')} asks for.`

const block = ({ language, text, where }: SnippetText): string => `
${where}

\`\`\`${language}
${text.trimEnd()}
\`\`\`
`

/** Returns whether a sender posts again, in a word or two, from the sentence that says when. */
const postsAgain = (retries: string): string => {
  if (retries.startsWith('None')) return 'no'
  if (retries.startsWith('Not documented')) return 'not documented'
  if (retries.startsWith('Up to the client')) return 'up to you'
  if (retries.startsWith('As its source is set up')) return 'as set up'
  return /not documented/.test(retries) ? 'partly' : 'yes'
}

/** Returns a heading's anchor, as GitHub makes it. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
