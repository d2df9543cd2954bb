import type { ReasonPlace } from '../../src/api/reasons/reason.ts'
import { generated } from './markdown.ts'
import { linkTo, reasonsIn } from './reasons.ts'

/** Where a delivery can end without a step, in the order in which to look: what you see, and what it means. */
const places: readonly { readonly place: ReasonPlace; readonly title: string; readonly text: string }[] = [
  {
    place: 'skipped',
    title: 'It was skipped (200)',
    text: "The delivery arrived, but didn't count. The sender counts the answer as a success, so it doesn't show the skip.",
  },
  {
    place: 'unchanged',
    title: 'It changed nothing (200)',
    text: 'The delivery counted, but the target needed no change.',
  },
  {
    place: 'waited',
    title: 'It waited for the outcome (200, 202, 409, 422)',
    text: 'The post asked for the outcome with [`wait`](../reference/http.md#waiting-for-the-outcome). The answer is about the change that this delivery made.',
  },
  {
    place: 'awaiting',
    title: 'It waits for approval',
    text: 'Only for requests, if the hook has [`approval`](approve-requests.md). The hook changed nothing.',
  },
  { place: 'rejected', title: 'It was rejected (409)', text: 'The hook changed nothing.' },
  {
    place: 'failed',
    title: 'It failed (422)',
    text: 'The hook changed nothing, unless the reason says so. Alertmanager sends the alert again at its next flush, and counts the failure in `alertmanager_notifications_failed_total`.',
  },
  {
    place: 'unavailable',
    title: 'There was no time, room or server for it (503)',
    text: 'The hook changed nothing, or the post has an idempotency key. Either way a retry is safe, and most senders retry. Only with `ServiceUnavailable` may a Service have received the post, with or without a key.',
  },
  {
    place: 'listed',
    title: 'It ended early (only in the list of deliveries)',
    text: "The work continued after its post was answered, and then ended. The hook's `status.recent` says how far it got.",
  },
  {
    place: 'unreadable',
    title: 'It could not be read (400)',
    text: "The trigger knows the sender, but the message lacks something that the hook needs. The hook changed nothing, and the post isn't a delivery.",
  },
  {
    place: 'refused',
    title: 'It never became a delivery (4xx, 503)',
    text: "The answer names no hook. The post appears in the trigger's log and metrics, and perhaps at the sender, but not in the hook's status or Events.",
  },
  {
    place: 'condition',
    title: 'The hook is not Ready',
    text: '`kubectl get receiverhooks` shows the reason, and `kubectl describe receiverhook NAME` shows the message.',
  },
]

const look = `
## Follow this path

**1. Is the hook Ready?**

\`\`\`console
kubectl -n shop get receiverhook web-up
\`\`\`

| READY | next |
|---|---|
| \`True\` | Continue with 2. If REASON is \`Suspended\`, the hook answers each post and does nothing. |
| \`False\` | REASON says why: see [the hook is not Ready](#the-hook-is-not-ready). |
| nothing | No controller has checked the hook. Are the controller's pods ready (\`kubectl -n receiver-hooks get pods\`)? If so, the controller's log says why it can't check an expression in \`when\`. |

**2. Has a delivery arrived?** The column LAST says what the last delivery did, and with \`-o wide\`, DELIVERED says how long ago. To see the last ten, each with its reason and what to do about it:

\`\`\`console
kubectl receiverhook describe web-up -n shop
\`\`\`

| the delivery that you miss | next |
|---|---|
| is \`skipped\`, \`unchanged\`, \`rejected\` or \`failed\` | Its reason is in one of the lists below. |
| is \`applied\`, but the count is different now | Something else has set the count since: Git ([Flux](gitops.md#flux), [Argo CD](gitops.md#argo-cd)), another hook, or a person. \`kubectl get deployment NAME -o yaml --show-managed-fields\` says who. |
| is missing | The status leaves out posts that got 503 or no answer, or that never became a delivery. Look for it [in the trigger's log](#where-else-to-look), then continue with 3. |

**3. Does the hook answer you?** [kubectl's plugin](command-line.md#install-it) posts to the hook's URL from your machine, and changes nothing:

\`\`\`console
kubectl receiverhook trigger web-up -n shop --dry-run
\`\`\`

| you get | next |
|---|---|
| what a post would do | The hook works now. If the trigger's log has no line for the sender's post, the sender doesn't reach the hook. Check the sender's own log and its URL, and anything in between: DNS, a proxy, a NetworkPolicy. |
| 401, 404, 405, 410, 413 or 415 | See [it never became a delivery](#it-never-became-a-delivery-4xx-503). Does the sender have the hook's current URL? |
| 503 | The answer's \`reason\` says why ([all reasons](../reference/reasons.md)). If it is \`Stopped\`, \`kubectl receiverhook doctor\` says why all hooks were stopped. |
| no connection | Your machine can't reach the URL. One that begins with \`http://receiver-hooks-trigger\` works only inside the cluster; the command then says which port to forward. Senders outside need [the public URL](install.md#set-the-image-and-the-public-url). |
| a closed connection, and no answer | The trigger didn't learn within four seconds whether its write was stored, so the hook ran once or not at all. Look at the target's count. If a rollout or a Job continues, the hook's status later says how it ended. A post with an idempotency key gets 503 instead, since it is safe to send again. |

**4. Still nothing?** \`kubectl receiverhook doctor -n shop\` checks the installation and the namespace's hooks.

## Where else to look

| look at | it shows |
|---|---|
| \`kubectl -n NAMESPACE events --for receiverhook/NAME\` | each change of outcome, and why the hook is no longer Ready |
| \`kubectl -n receiver-hooks logs -l app.kubernetes.io/component=trigger --prefix --tail 1000\` | one line for each delivery, and another if its work ends after the answer: \`namespace\`, \`hook\`, \`sender\`, \`outcome\`, \`reason\`, \`status\`, \`ms\` |
| \`receiverhooks_deliveries_total\` | every delivery to every replica, and once more if its work ends after the answer ([all metrics](../reference/metrics.md)) |
| \`curl -X POST "URL?dryRun=true" -d @BODY\` | what the sender's own body would do now |
`

/** Returns the page that leads from what is seen of a delivery to what to do about it. */
export const whyPage = (): string => `${generated}
# Why did my hook not fire?
${look}
${places.map(({ place, text, title }) => `## ${title}\n\n${text}\n\n${reasonsIn(place).map(linkTo).join(', ')}`).join('\n\n')}
`
