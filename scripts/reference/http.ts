import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultRateLimit } from '../../src/api/hook.ts'
import { reasons } from '../../src/api/reasons.ts'
import type { ReasonPlace } from '../../src/api/reasons/reason.ts'
import { settlementStates } from '../../src/api/settlement.ts'
import { answerTo, type Answer } from '../../src/trigger/answer.ts'
import {
  following,
  answerWithinMs,
  bodyWithinMs,
  defaultWaitMs,
  headWithinMs,
  idleConnectionMs,
  limitedHeldMs,
  largeRate,
  limitsIn,
  maxWaitMs,
  maxPostBodyBytes,
  maxBodyDepth,
  maxChanges,
  maxHeadBytes,
  maxFollowed,
  maxFollowedOfHook,
  maxFollowedOfNamespace,
  maxLooks,
  maxLooksOfNamespace,
  maxKept,
  maxKeptInTime,
  refusedRate,
  refusedEveryMs,
  requestWithinMs,
  retryAfterSeconds,
  smallBodyBytes,
  writeBudget,
} from '../../src/trigger/limits.ts'
import { statusOfState } from '../../src/trigger/settled.ts'
import { acceptedEncodings } from '../../src/trigger/reading/message.ts'
import { code, generated, table } from './markdown.ts'
import { objectLimitsSection } from './object-limits.ts'
import { linkTo, reasonsIn } from './reasons.ts'

/** What each member of an answer says. The type has it complete. */
const members: Readonly<Record<keyof Answer, readonly [type: string, when: string, means: string]>> = {
  message: ['string', 'always', 'A sentence for people, first because senders log the beginning'],
  hook: ['string', 'once the hook is known', "The hook's `NAMESPACE/NAME`"],
  driver: [
    'string',
    'with `hook`',
    "The hook's driver: `scale`, `scaleNodes`, `redeploy`, `restart`, `runJob`, `forward` or `hold`",
  ],
  outcome: ['string', 'for a delivery', 'Its outcome: see [statuses](#statuses)'],
  reason: [
    'string',
    'always',
    'Why, in one word: [every reason](reasons.md). Programs should compare this, not `message`',
  ],
  state: ['string', 'with `wait`', 'The outcome so far: see [waiting](#waiting-for-the-outcome)'],
  effect: ['string', 'while it waits for approval', 'The digest that the decision has to name'],
  request: ['string', 'if the post waits for approval', 'The ReceiverHookRequest that holds the waiting post'],
  ready: ['integer', 'with `wait`', "How many of a rollout's pods, or of a count, are available"],
  of: ['integer', 'with `ready`', 'How many are wanted'],
  causes: [
    'array',
    'with `wait`, if something is known',
    'Why a rollout is stuck: at most 6 texts such as `web: ImagePullBackOff (1 of 4)`. `message` has them too',
  ],
  until: ['string', 'for a step with `for`', 'When the step ends by itself, in RFC 3339'],
  opensAt: [
    'string',
    'for `OutsideWindow` and `LimitReached`, if there is such a time',
    'When posts to the hook count again, in RFC 3339',
  ],
  from: ['integer', 'for a step', 'The count before'],
  to: ['integer', 'for a step', 'The count after. On a dry run, what it would be'],
  summary: [
    'string',
    'for a rollout, a Job, or a post that was passed on',
    "What was done, if it didn't change a count",
  ],
  changes: [
    'list',
    'for a rollout, a Job, or a post that was passed on',
    `The same one by one, ${maxChanges} at most: \`object\`, \`to\`, and possibly \`part\` and \`from\``,
  ],
  by: ['object', 'if `auth` proves it', 'Who sent the post: see [who sent it](#who-sent-it)'],
  dryRun: ['boolean', 'on a dry run', '`true`: nothing was changed'],
}

/** The status of an answer with an outcome, as the trigger gives it. */
const hook = { namespace: 'shop', name: 'web-up', driver: 'scale' }
const statusOf = (answer: ReturnType<typeof answerTo>): number => (answer === 'no answer' ? 0 : answer.status)
const message = ''
const outcomes: readonly (readonly [place: ReasonPlace, status: number, means: string])[] = [
  [
    'applied',
    statusOf(answerTo({ outcome: 'applied', reason: 'Stepped', from: 1, to: 2 }, hook, '', false)),
    'The API server has stored the change, or the Service has accepted the post (`forward`)',
  ],
  [
    'unchanged',
    statusOf(answerTo({ outcome: 'unchanged', reason: 'AtBound', from: 1, to: 1 }, hook, '', false)),
    'The delivery counted, but there was nothing to change',
  ],
  [
    'skipped',
    statusOf(answerTo({ outcome: 'skipped', reason: 'Suspended', message }, hook, '', false)),
    "The delivery doesn't count",
  ],
  [
    'awaiting',
    statusOf(
      answerTo({ outcome: 'awaiting', reason: 'AwaitingApproval', from: 1, to: 2, effect: '' }, hook, '', false),
    ),
    'The post waits until someone approves it. To ask how that ended, send it again with its key and `wait`',
  ],
  [
    'rejected',
    statusOf(answerTo({ outcome: 'rejected', reason: 'WouldPassBound', message, from: 1 }, hook, '', false)),
    'The hook refuses the step. Nothing was changed',
  ],
  [
    'failed',
    statusOf(answerTo({ outcome: 'failed', reason: 'TargetNotFound', message }, hook, '', false)),
    "The hook can't do this until someone changes something",
  ],
  [
    'unavailable',
    statusOf(answerTo({ outcome: 'unavailable', reason: 'Contended', message }, hook, '', false)),
    'Nothing was changed, or the post has an idempotency key. It is safe to send again, except that with `ServiceUnavailable` the Service may have received the post',
  ],
]
const unreadable = statusOf(answerTo({ outcome: 'unreadable', reason: 'PushUnreadable', message }, hook, '', false))

const source = join(import.meta.dirname, '../../src/trigger')

/** Where the trigger refuses a post: the status, and the reason. */
const refusals = /\b(?:refusal|no)\(\s*(\d{3}), '(\w+)'/g

/** Returns the reasons with which each status refuses a post, from the source. Throws where one of the table is never given. */
const refusedWith = (): ReadonlyMap<number, readonly string[]> => {
  const found = globSync('**/*.ts', { cwd: source })
    .flatMap(file => [...readFileSync(join(source, file), 'utf8').matchAll(refusals)])
    .map(([, status, reason = '']) => [Number(status), reason] as const)
  const given = new Set(found.map(([, reason]) => reason))
  const never = reasonsIn('refused').filter(reason => !given.has(reason))
  if (never.length > 0) throw new Error(`no post is refused with ${never.join(', ')} in a way that this page can read`)
  return new Map(
    [...Map.groupBy(found, ([status]) => status)].map(([status, of]) => [
      status,
      [...new Set(of.map(([, reason]) => reason))].toSorted(),
    ]),
  )
}

/** What each status of a refusal means. */
const refusedMeans: Readonly<Record<number, string>> = {
  400: "The body or the query can't be read",
  401: "The post lacks the proof that `auth` requires, or isn't signed by its sender. For bearer, basic and oidc, and at a named URL, the answer has `WWW-Authenticate`",
  404: 'No such path, or a token that this installation has not signed. With the token in the header: 401',
  405: 'Not a POST, as `Allow` says',
  410: 'The hook was deleted, or its URL was replaced or has expired. It never works again',
  413: 'The body is too large',
  415: `The trigger can't read the \`Content-Encoding\`. \`Accept-Encoding\` lists those that it can`,
  503: "The trigger can't take the post now. Nothing was changed",
}

const refusedRows = (): string[][] =>
  [...refusedWith()]
    .toSorted(([a], [b]) => a - b)
    .map(([status, names]) => {
      const means = refusedMeans[status]
      if (means === undefined) throw new Error(`scripts/reference/http.ts has no words for the status ${status}`)
      const all = status === unreadable ? [...reasonsIn('unreadable'), ...names].toSorted() : names
      return [String(status), means, all.map(linkTo).join(', ')]
    })

const seconds = (ms: number): string => `${ms / 1000} s`
const kib = (bytes: number): string => (bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`)
const kilobytes = (bytes: number): string => (bytes < 1e6 ? `${bytes / 1000} kB` : `${bytes / 1e6} MB`)

const milliseconds = (ms: number): string => (ms >= 60_000 ? `${ms / 60_000}m` : `${ms / 1000}s`)

/** The memory limit of the trigger's container in the manifests. */
const memoryMiB = 320

/** Makes the page on the trigger's HTTP interface, for authors of clients. The numbers are the program's. */
export const httpPage = (): string => {
  const { connections, maxHeldBytes, maxOfNamespace, waiting } = limitsIn(memoryMiB * 1024 * 1024)
  return `${generated}
# HTTP

How to run a hook over HTTP, for authors of clients and proxies. By hand, \`curl -X POST URL\` is all you need.

## The request

\`\`\`http
POST /v1/trigger/TOKEN HTTP/1.1
Host: hooks.example.com
Idempotency-Key: "release-1.4.2"
Content-Type: application/json

{"image": "ghcr.io/acme/web:1.4.2"}
\`\`\`

**Path.** \`/v1/trigger/TOKEN\`, with nothing after the token. \`kubectl receiverhook url NAME\` prints the whole URL. Use it as it is: the token says which hook it is for, and [may change](../explanation/security.md#how-a-url-is-made-kept-and-revoked). Any other path is 404.

**A path without a secret.** \`POST /v1/trigger\` with \`Authorization: Bearer TOKEN\` does the same, and keeps the token out of logs. The hook's \`status.endpoint\` is that address. Without a valid token in the header, the answer is 401 with \`WWW-Authenticate: Bearer\` instead of 404. A hook with
\`auth.bearer\`, \`auth.basic\`, \`auth.oidc\`, or \`auth.header\` with that name needs the header for itself: post to its URL.

**A path with a name.** \`POST /v1/hooks/NAMESPACE/NAME\` runs a hook with \`token.url: named\`, if the post has what its \`auth\` requires. With \`auth.path\` a
secret follows: \`/v1/hooks/NAMESPACE/NAME/SECRET\`. Until a post has proved itself, every name gets the same answer: 401 \`Unproved\` with a
challenge for bearer and for basic, once the body has arrived, at a multiple of ${refusedEveryMs} ms after the head, and never 410. Only a text that
can't be a name gets 404 ([why](../how-to/authenticate-senders.md#use-a-url-without-a-secret)).

**Method.** Only POST. A browser that opens the URL gets 405 with a sentence on how to post, and nothing runs. \`GET /\` answers 200 with a sentence, to show that the trigger is there. Probes have [their own port](../how-to/operate.md).

**Query.** \`?dryRun=true\` asks what the post would do, changes nothing and isn't remembered. \`dryRun=false\` does nothing. Any other value or spelling gets 400 \`BadQuery\`, so a typo never runs a hook. \`?wait=25s\` [waits for the outcome](#waiting-for-the-outcome).
\`?reason=database%20migration\`, at most 64 printable characters, appears in the status, \`why\` and the dashboard next to the post's leases. Other
parameters do nothing, but [\`when\`](../how-to/when-a-hook-acts.md#let-only-some-deliveries-count) can read them.

**Headers**:

${table(
  ['header', 'does'],
  [
    [
      code('Idempotency-Key'),
      "Two posts to a hook with the same key are one delivery: always within the hook's `dedupeWindow`, and for a day unless 4,000 newer deliveries arrive. The quotes are optional. The header takes precedence over a key in a known sender's body. With another body, the answer is 422 `KeyReused`; without a body, the post asks for the first one's outcome. A hook with `auth.standardWebhooks` ignores this header",
    ],
    [
      code('Authorization'),
      'For a hook with `auth.bearer`, `auth.basic`, `auth.oidc`, or `auth.header` with this name; and for `/v1/trigger` without a token. Otherwise ignored',
    ],
    [
      'the header that `auth.hmac.header` names',
      'For a hook with `auth.hmac`: `sha256=` and the HMAC-SHA256 of the body as sent. With `timestamp`, of prefix, time, separator and body, with the time in seconds in the header that `timestamp.header` names',
    ],
    ['the header that `auth.header.name` names', 'For a hook with `auth.header`: just the secret'],
    [
      '`webhook-id`, `webhook-timestamp`, `webhook-signature`',
      "For a hook with `auth.standardWebhooks`: `v1,` and the HMAC-SHA256 of `ID.TIME.BODY` in Base64, or `v1a,` and its Ed25519 signature. Up to ten, separated by spaces. The ID is the idempotency key. Svix's headers, which begin with `svix-`, work too",
    ],
    [
      code('Content-Type'),
      'With `application/json`, `text/json` or `…+json` the body must be JSON. So must any body that begins with `{` or `[`, regardless of its type. Other bodies are ignored',
    ],
    [
      code('Content-Encoding'),
      `${acceptedEncodings.split(', ').map(code).join(', ')}. The size limit is for the unpacked body`,
    ],
    [
      code('Expect'),
      '`100-continue` is answered once the token is verified and the body is wanted; at a path with a name, at once. Anything else is 417',
    ],
    ["a sender's own", '`X-GitHub-Delivery` and the like: [the page of senders](senders.md)'],
  ],
)}

A header sent twice is joined with a comma, and then proves nothing. \`X-Forwarded-For\` and the like aren't read: limits for a source use the connection's address.

**Body.** You don't need one. A hook also understands JSON from [known senders](senders.md), and \`{"image": "…"}\` for \`redeploy\`.

## The answer

JSON in UTF-8, on one line, with \`Cache-Control: no-store\`:

\`\`\`json
{"message":"Deployment/web went from 2 to 3","hook":"shop/web-up","driver":"scale","outcome":"applied","reason":"Stepped","from":2,"to":3}
\`\`\`

${table(
  ['member', 'type', 'present', 'meaning'],
  Object.entries(members).map(([name, [type, when, means]]) => [code(name), type, when, means]),
)}

Later versions may add members. Ignore any that you don't know.

**A 2xx answer to a CloudEvent** has no body, since Knative would take a body for an event in reply, and fail. A CloudEvent has the header \`ce-specversion\`, or a \`Content-Type\` that begins with \`application/cloudevents\`. With \`?wait\` or \`?dryRun\`, and with any other status, the answer has its body.

## Who sent it

What a hook's \`auth\` proves is in \`by\`: in the answer, in \`status.recent\` and \`status.lastDelivery\`, in the Event, and in the delivery's log line.
Each delivery that changed something has such a line, so the trigger's log is the installation's audit log. Anything that isn't proved is left out: headers, addresses and bodies don't count, and a person's name or email address is never shown.

${table(
  ['`auth`', '`by`'],
  [
    ['`oidc`', '`subject` and `issuer`; for GitHub and GitLab also `repository`, `run` and `sha`'],
    ['with a Secret', '`secret`: the entry that matched, `NAME/KEY`, so also whether it was `previousKey`'],
    ['`sns`, or none', 'nothing; `sender` says which product it was'],
  ],
)}

A member is left out if it has more than 160 characters or anything but printable ASCII, or if all of them would exceed 320 characters.

## Statuses

If a post became a delivery, the answer has an \`outcome\`:

${table(
  ['status', 'outcome', 'means', 'reasons'],
  outcomes.map(([place, status, means]) => [
    String(status),
    code(place),
    means,
    reasonsIn(place).map(linkTo).join(', '),
  ]),
)}

Otherwise it has none:

${table(['status', 'means', 'reasons'], refusedRows())}

Node itself answers, without a body, 400 to anything that isn't HTTP, 408 to a request that doesn't arrive in time, 417 to another \`Expect\`, and 431 to
a head that is too long.

## Waiting for the outcome

An answer says what is stored. With \`?wait=25s\`, it also waits for the outcome, for ${milliseconds(0)} to ${milliseconds(maxWaitMs)}; \`?wait\` alone is ${milliseconds(defaultWaitMs)}, which most
proxies allow. The hook runs as usual. Then the trigger watches the workloads or the Job, and answers as soon as their state is final:

${table(
  ['status', 'state', 'means', 'reason'],
  settlementStates
    .map(state => {
      const [status, reason] = statusOfState[state]
      return [String(status), code(state), reasons[reason].means, linkTo(reason)]
    })
    .toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
)}

- **If you send the same request again, it asks again and runs nothing.** It needs the header \`Idempotency-Key\`. Any replica answers it, for a day or 4,000 newer deliveries, even if the hook
  was suspended or edited since. With another body, the answer is 422 \`KeyReused\`. Without a body, the post asks for the outcome too.
- The state describes the change that this very delivery wrote. The worst of several workloads counts: failed, stalled, progressing, replaced, superseded. \`ready\` and \`of\` add up their pods.
- \`stalled\` isn't final: a rollout that waits for nodes can still continue. \`complete\` says that pods are available, not that the program in them works. StatefulSets and DaemonSets are
  \`stalled\` once a pod has not been ready for 10 minutes, if the trigger may list pods.
- \`causes\` has the workload's own \`FailedCreate\`, and the reason that Kubernetes gives for containers that aren't ready, such as \`ImagePullBackOff\`, \`Unschedulable\`, or
  \`ContainersNotReady\`, but never a pod's message. Listing pods needs [a right of its own](../how-to/rights.md#give-a-driver-its-rights).
- A delivery that was skipped gets 409 with its own reason, such as \`Suspended\`, so that a pipeline doesn't mistake it for a rollout. \`Superseded\` stays 200, and so does \`Duplicate\` for a post without the
  header \`Idempotency-Key\`, which has no \`state\`.
- A count is \`complete\` once the added pods or nodes are available, or the removed ones are gone. It never stalls. If someone has changed the count since, the post waits for fewer.
  If the object doesn't say how many are available, it is \`stored\` at once.
- A Job is \`complete\` or \`failed\` once Kubernetes says so (\`JobComplete\`, \`JobFailed\`), and \`progressing\` (\`JobRunning\`) before. If none of its pods is ready after 10 minutes, it is
  \`stalled\`. If it no longer exists, it is \`replaced\` (\`JobGone\`).
- Asking again doesn't appear in any status, Event or count of deliveries, only in \`receiverhooks_polls_total\`, but it uses up the hook's \`rateLimit\`.
- Even without \`wait\`, the trigger that made a rollout or a Job keeps checking it: every ${milliseconds(following.everyMs)} for ${milliseconds(following.oftenForMs)}, then every ${milliseconds(following.seldomEveryMs)}, for at most ${following.forMs / 3_600_000}h, at a hook's newest
  ${maxFollowedOfHook}, and at ${maxFollowed} hooks at once, ${maxFollowedOfNamespace} from one namespace. \`status.recent[].state\` has the outcome, and an Event says what stalled or failed. If that trigger ends first, the
  state is missing there, but \`wait\` still finds it.
- ${waiting.all} posts can wait at once, ${waiting.ofNamespace} from one namespace and ${waiting.ofHook} for one hook, and for ${maxLooks} hooks, ${maxLooksOfNamespace} from one namespace. If all ${maxLooks} places are taken, a hook from another
  namespace takes a place from the namespace that has the most. Beyond that, the same number of posts again are answered after a single look, and the rest get 202 at once. A pod that shuts down answers 202 to the posts that are waiting.

## When to send again

| you get | do |
| --- | --- |
| 200 | Nothing: it is done, or it doesn't count |
| 202, with \`wait\` and an idempotency key | Send the same post again: it asks again |
| 503 | Send the same post again after \`Retry-After\` |
| no answer, with an idempotency key | Send the same post again. It counts once |
| no answer, without one | Check the target first: the step may have been made |
| 409, 422 and any other 4xx | Nothing. The same post gets the same answer until someone changes something |

\`Retry-After\` is in seconds: ${retryAfterSeconds}, or for \`WritesLimited\` the time until the hook may write again.

**No answer.** The trigger closes the connection without an answer if any answer could be untrue: it sent a write, didn't learn within
${seconds(answerWithinMs)} whether it is stored, and the post has no idempotency key. With a key it answers 503 instead. It also closes connections beyond
the limits below, and all of them when its process is killed.

**Work that ends after the answer.** A rollout, a restart or a Job continues for up to a minute after a 503 or a closed connection; a Job with \`forbid\` or \`replace\` has six seconds in total. When it ends, the hook's status, its Events, the log and \`receiverhooks_deliveries_total\` say how. If it isn't done by then, it becomes a \`failed\` delivery that says how far it got.

## Times

- An answer comes within ${seconds(answerWithinMs)} of the request's head. Give a client a timeout of at least twice that, plus the time to \`wait\`.
- The head may take ${seconds(headWithinMs)}, the body ${seconds(bodyWithinMs)} once the trigger wants it, and the whole request ${seconds(requestWithinMs)}.
- An idle connection is kept for ${seconds(idleConnectionMs)}.
- While a pod shuts down, each answer has \`Connection: close\`.

## Limits

${table(
  ['what', 'limit', 'beyond it'],
  [
    ['the body', `${kib(maxPostBodyBytes)}, nested ${maxBodyDepth} deep`, '413 `BodyTooLarge`, 400 `BodyTooDeep`'],
    ['the request line and headers together', kib(maxHeadBytes), '431'],
    [
      'posts to one hook, for each replica',
      `the hook's \`rateLimit\`: by default ${defaultRateLimit.perSecond} a second, ${defaultRateLimit.burst.toLocaleString('en')} at once`,
      `503 \`RateLimited\`, after ${seconds(limitedHeldMs)}`,
    ],
    [
      'data that posts to one hook make the API server store, for each replica',
      `${kilobytes(writeBudget.burst)} at once, ${kilobytes(writeBudget.perSecond)} a second`,
      `503 \`WritesLimited\`, after ${seconds(limitedHeldMs)}`,
    ],
    [
      'Jobs that posts to one hook make, for each replica',
      `${maxKept.toLocaleString('en')} at once, ${maxKeptInTime.toLocaleString('en')} within the hook's \`ttl\``,
      `503 \`WritesLimited\`, after ${seconds(limitedHeldMs)}`,
    ],
    ['posts that wait in one namespace', String(maxOfNamespace), '503 `Overloaded`'],
    [
      `bodies over ${kib(smallBodyBytes)} to one hook, for each replica`,
      `${kib(largeRate.perSecond)} a second, ${kib(largeRate.burst)} at once`,
      `503 \`RateLimited\`, after ${seconds(limitedHeldMs)}`,
    ],
    ['all bodies in memory', kib(Math.floor(maxHeldBytes / 1024 / 1024) * 1024 * 1024), '503 `Overloaded`'],
    [
      'answers 401, 404 and 410 to one source, and 401 at one name',
      `${refusedRate.burst} at once, ${refusedRate.perSecond} a second`,
      'further posts from that source, or at that name, are checked at a bounded rate, and get 503 `Overloaded` beyond that',
    ],
    [
      'connections',
      `${connections.most}, ${connections.maxOfSource} from one source`,
      'a connection is closed, starting with those that send nothing',
    ],
    ['unanswered requests on one connection', String(connections.maxPipelined), 'the connection is closed'],
  ],
)}

The limits on waiting posts, bodies and connections grow with the memory that the process may use; these are for the manifests' container of
${memoryMiB} MiB. A source is an IPv4 address, or the first 64 bits of an IPv6 address. Behind a proxy, all posts have the proxy's address.

${objectLimitsSection}`
}
