import type { ReasonPlace } from '../../src/api/reasons/reason.ts'
import { generated } from './markdown.ts'
import { linkTo, reasonsIn } from './reasons.ts'

/** Where a delivery can end without a step, in the order in which to look: what you see, and what it means. */
const places: readonly { readonly place: ReasonPlace; readonly title: string; readonly text: string }[] = [
  {
    place: 'skipped',
    title: 'It was skipped (200)',
    text: 'The delivery arrived, but did not count. The sender considers the answer a success, so no sender shows the skipped delivery.',
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
    text: 'Only for requests: the hook has [`approval`](approve-requests.md). The hook changed nothing.',
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
    text: 'The hook changed nothing, or the post has an idempotency key. In both cases a retry is safe, and most senders retry. Only with `ServiceUnavailable` may a Service have received the post, with or without such a key.',
  },
  {
    place: 'listed',
    title: 'It ended early (only in the list of deliveries)',
    text: 'The work went on after the answer to its post, and then ended. `status.recent` of the hook says how far it had come.',
  },
  {
    place: 'unreadable',
    title: 'It could not be read (400)',
    text: 'The trigger knows the sender, but the message lacks data that the hook needs. The hook changed nothing, and the post does not count as a delivery.',
  },
  {
    place: 'refused',
    title: 'It never became a delivery (4xx, 503)',
    text: "The answer names no hook. The hook's status and Events do not show the post. The sender, the trigger's log and the trigger's metrics show the post.",
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
| \`True\` | Go on with 2. If the column REASON has \`Suspended\`, the hook answers each post and does nothing. |
| \`False\` | The column REASON has the reason: see [the hook is not Ready](#the-hook-is-not-ready). |
| nothing | No controller has checked the hook. Are the controller's pods ready? \`kubectl -n receiver-hooks get pods\` If they are, the controller's log says why an expression in \`when\` cannot be checked. |

**2. Has a delivery arrived?** The column LAST says what the last delivery did. With \`-o wide\`, the column DELIVERED says how long ago the last delivery was. To see the last ten deliveries, each with its reason and what to do about it:

\`\`\`console
kubectl receiverhook describe web-up -n shop
\`\`\`

| the delivery that you miss | next |
|---|---|
| is \`skipped\`, \`unchanged\`, \`rejected\` or \`failed\` | The reason of the delivery is in one of the lists below. |
| is \`applied\`, and the count is different now | Somebody else has set the count since: Git ([Flux](gitops.md#flux), [Argo CD](gitops.md#argo-cd)), another hook, or a person. \`kubectl get deployment NAME -o yaml --show-managed-fields\` says who. |
| is not there | The status shows no post that was answered 503, that got no answer, or that never became a delivery. Look for it [in the trigger's log](#where-else-to-look), then go on with 3. |

**3. Does the hook answer you?** [kubectl's plugin](command-line.md#install-it) posts to the hook's URL from your machine, and changes nothing:

\`\`\`console
kubectl receiverhook trigger web-up -n shop --dry-run
\`\`\`

| you get | next |
|---|---|
| what a post would do | The hook works now. If the trigger's log has no line of the sender's post, the sender does not reach the hook. Look at the sender's own log, at the URL that the sender has, and at what is between the sender and the hook: DNS, a proxy, a NetworkPolicy. |
| 401, 404, 405, 410, 413 or 415 | See [it never became a delivery](#it-never-became-a-delivery-4xx-503). Does the sender have the URL that the hook has now? |
| 503 | The answer's \`reason\` says why ([all reasons](../reference/reasons.md)). With \`Stopped\`, somebody has stopped all hooks: \`kubectl receiverhook doctor\` says why. |
| no connection | Your machine cannot reach the URL. Only clients inside the cluster can reach a URL that begins with \`http://receiver-hooks-trigger\`. The command then says which port to forward. [The public URL](install.md#set-the-image-and-the-public-url) opens the hook to senders outside the cluster. |
| a closed connection, and no answer | The trigger did not learn in four seconds whether its write was stored. The hook ran once or not at all. If a rollout or a Job goes on, the hook's status says later how it ended. Look at the target's count. A post with an idempotency key gets 503 instead, because the sender can safely send the post again. |

**4. Still nothing?** \`kubectl receiverhook doctor -n shop\` checks the installation and the hooks of the namespace.

The sections below link to every reason, by the outcome of the post. [The page of reasons](../reference/reasons.md) says what each reason
means and what to do about it.

## Where else to look

| look at | it shows |
|---|---|
| \`kubectl -n NAMESPACE events --for receiverhook/NAME\` | each change of outcome, and why the hook is no longer Ready |
| \`kubectl -n receiver-hooks logs -l app.kubernetes.io/component=trigger --prefix --tail 1000\` | one line for each delivery, and one if its work ends after its answer: \`namespace\`, \`hook\`, \`sender\`, \`outcome\`, \`reason\`, \`status\`, \`ms\` |
| \`receiverhooks_deliveries_total\` | every delivery of every replica, and once more if its work ends after its answer ([all metrics](../reference/metrics.md)) |
| \`curl -X POST "URL?dryRun=true" -d @BODY\` | what the sender's own body would do now |
`

/** Returns the page that leads from what is seen of a delivery to what to do about it. */
export const whyPage = (): string => `${generated}
# Why did my hook not fire?
${look}
${places.map(({ place, text, title }) => `## ${title}\n\n${text}\n\n${reasonsIn(place).map(linkTo).join(', ')}`).join('\n\n')}
`
