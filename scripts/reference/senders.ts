import type { Sender } from '../../src/senders/sender.ts'
import type { Signature, Snippet, SnippetHook, SnippetText } from '../../cli/snippets/snippet.ts'
import { snippets } from '../../cli/snippets/registry.ts'
import { snippetNamed } from '../../cli/snippets/write.ts'
import { code, generated, table } from './markdown.ts'

/** Returns the page that says of every sender what a hook makes of its posts, and how it is set up. */
export const sendersPage = (senders: readonly Sender[]): string => `${generated}
# Senders

A hook runs for any POST. From senders it knows, it also learns whether an alert is firing or resolved, and recognises retries by the post's **idempotency key**, so no step
is lost or repeated. The log, the metric \`receiverhooks_deliveries_total\` and the hook's \`status.lastDelivery\` have the sender's name.

${table(
  ['sender', 'name', 'retries?'],
  senders
    .toSorted(byTitle)
    .map(({ about, name }) => [`[${about.title}](#${anchor(about.title)})`, code(name), postsAgain(about.retries)]),
)}

Each link leads to a section with the sender's retries, the place where it shows failures, and a ready configuration.

- A firing alert runs the hook. A resolved one runs it only if \`onResolved\` says so. If some alerts in a group are resolved and no new one is firing, the post is skipped as
  \`PartlyResolved\`; pings and acknowledgements are \`NoNews\`.
- Within the hook's \`dedupeWindow\`, two posts that say the same thing are one delivery. Alerts that have ended and begun again are a new delivery, if the sender reports ends.
- The header \`Idempotency-Key\` gives any post a key, and takes precedence over one in its body.
- A registry's post may report up to 256 pushes. With more, the whole post is refused (400 \`PushUnreadable\`).
- A retry helps only after a 503, and is then safe. A skipped post gets 200, so a skipped alert comes again only when its sender repeats it.

The configurations below are for a hook \`${example.name}\` in the namespace \`${example.namespace}\` without \`auth\`, and with the URL \`${example.url}\`. \`kubectl receiverhook
snippet\` and the dashboard write them for your hook, with its URL and what its \`auth\` requires.

## What each product can prove

A hook can require one of these with [\`auth\`](../how-to/authenticate-senders.md). If the product hides its headers, its configuration has the hook's token in the header
\`Authorization\` instead of the URL, unless \`auth\` needs that header.

${table(
  ['product', 'proves itself with', 'hides headers'],
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
- **Idempotency key**: ${identity}
- **Retries after**: ${retries}
- **Shows failures in**: ${failures}
${notes === undefined ? '' : `- **Note**: ${notes}\n`}- **Format**: [its documentation](${documentation})
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
  if (retries.startsWith("'As configured in the source'")) return "'as configured'"
  return /not documented/.test(retries) ? 'partly' : 'yes'
}

/** Returns a heading's anchor, as GitHub makes it. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
