import type { Sender } from '../../src/senders/sender.ts'
import type { Signature, Snippet, SnippetHook, SnippetText } from '../../cli/snippets/snippet.ts'
import { snippets } from '../../cli/snippets/registry.ts'
import { snippetNamed } from '../../cli/snippets/write.ts'
import { code, generated, table } from './markdown.ts'

/** Returns the page that says of every sender what a hook makes of its posts, and how it is set up. */
export const sendersPage = (senders: readonly Sender[]): string => `${generated}
# Senders

A hook runs for any POST. From senders it knows, it also learns whether an alert is firing or resolved, and recognises retries by the post's **idempotency key**, so no step
is lost or repeated. The sender's name is in the log, in the metric \`receiverhooks_deliveries_total\` and in the hook's \`status.lastDelivery\`.

${table(
  ['sender', 'name', 'retries?'],
  senders
    .toSorted(byTitle)
    .map(({ about, name }) => [`[${about.title}](#${anchor(about.title)})`, code(name), postsAgain(about.retries)]),
)}

Each name links to when the sender retries, where it shows failures, and a ready configuration.

- An alert that fires runs the hook. An alert that is over runs it only if \`onResolved\` says so. If some alerts of a group are over and no new one fires, the post is skipped as
  \`PartlyResolved\`; pings and acknowledgements are \`NoNews\`.
- Within the hook's \`dedupeWindow\`, two posts that say the same are one delivery. Alerts that have ended and begun again are a new one, if the sender reports ends.
- The header \`Idempotency-Key\` gives any post a key, and wins over the one that its body has.
- A registry's post may report up to 256 pushes. One with more is refused as a whole (400 \`PushUnreadable\`).
- After 503 a retry is safe, and the only one that helps. A skip is answered 200, so a skipped alert comes back only when its sender repeats it.

The configurations below are for a hook \`${example.name}\` in the namespace \`${example.namespace}\` without \`auth\`, with \`${example.url}\` for the hook's URL. \`kubectl receiverhook
snippet\` and the dashboard write them for your hook, with its URL and what its \`auth\` asks for.

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
- **Posts are one delivery if they share**: ${identity}
- **Retries after**: ${retries}
- **Failures show up in**: ${failures}
${notes === undefined ? '' : `- **What to know**: ${notes}\n`}- **Format**: [its documentation](${documentation})
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
