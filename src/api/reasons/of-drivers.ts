import type { ReasonText } from './reason.ts'

/** What drivers have done, or why they could not: steps, leases, rollouts, jobs and forwarded posts. */
export const driverReasons = {
  Stepped: {
    where: ['applied'],
    means: 'The count was changed.',
    todo: 'Nothing.',
  },
  AtBound: {
    where: ['unchanged'],
    means: 'The count is already at the bound in this direction, or past it.',
    todo: 'Nothing. If the hook should go further, raise `max` or lower `min`.',
  },
  Undone: {
    where: ['applied'],
    means: 'The alert ended, and the hook took back what the alert had changed.',
    todo: 'Nothing.',
  },
  NothingToUndo: {
    where: ['skipped'],
    means: 'The alert ended, and it had changed nothing that the hook can take back.',
    todo: 'Nothing. The hook takes nothing back if the target was replaced since, if the alert fired before the hook had `onResolved: undo`, or if the message does not name its alert.',
  },
  LeaseEnded: {
    where: ['event'],
    means:
      'The time in `for` was over, so the hook took back what it had leased. The status lists this as a delivery from the sender `lease`.',
    todo: 'Nothing.',
  },
  LeaseTooShort: {
    where: ['event'],
    means:
      'Alerts still fire although their lease has ended: `for` is too short for how often the sender repeats them.',
    todo: "Make `for` at least three times the sender's repeat interval, or let it repeat more often. In Alertmanager that is `repeat_interval`, 4 h by default.",
  },
  LeaseOverdue: {
    where: ['event'],
    means:
      'The time in `for` was over more than a minute ago, but the hook has not managed to take back what it had leased.',
    todo: 'The hook keeps trying, and has the condition `LeaseOverdue`, which says why, until it succeeds. You can also set the count yourself: then the hook takes nothing from it.',
  },
  SetByOthers: {
    where: ['skipped'],
    means: 'The alert ended, but someone else has set the count in the meantime. The hook leaves it as it is.',
    todo: 'Nothing. If the count should go back anyway, set it yourself.',
  },
  Held: {
    where: ['applied'],
    means: 'The hook holds a switch, or a count, until the time of `for` is over. Nobody else releases this hold.',
    todo: 'Nothing. To end it earlier, use `kubectl receiverhook end`, or set the field yourself: then all holds of it are over.',
  },
  Overruled: {
    where: ['event'],
    means: 'Somebody else has set a field that the hook held, so its holds are over, and nothing is put back.',
    todo: 'Nothing, if a person meant it. If Git did, leave the field out of Git, or hold the Kustomization or the Application. The next post begins a new hold.',
  },
  TooManyTargets: {
    where: ['failed'],
    means: 'The selector of a hold matches more than 50 workloads, so nothing was changed.',
    todo: 'Use several hooks, with more labels or fewer kinds.',
  },
  AlreadySo: {
    where: ['unchanged'],
    means: 'Somebody else has set the field to this value before, so there is nothing to hold and nothing to put back.',
    todo: 'Nothing. If it should end by itself, set the field back, and post again.',
  },
  NotHoldable: {
    where: ['failed', 'condition'],
    means: 'The object has nothing that can be held in this way, or the API server did not keep it.',
    todo: 'See the message. An Application needs `spec.syncPolicy.automated`, and Argo CD 3.1 or later.',
  },
  RolledOut: {
    where: ['applied'],
    means: 'Workloads that run the pushed image are rolling out.',
    todo: 'Nothing.',
  },
  Restarted: {
    where: ['applied'],
    means:
      'The workloads are restarting: by the driver `restart`, or by `redeploy` with `withoutImage: restart`, after a message that names no image.',
    todo: 'Nothing.',
  },
  UpToDate: {
    where: ['unchanged'],
    means: 'Every workload that runs the image already has this push.',
    todo: 'Nothing.',
  },
  NotForThisHook: {
    where: ['skipped'],
    means: 'No workload of this hook runs the pushed image, or the hook wants another image or tag.',
    todo: 'Nothing. If it should have counted, compare the image and tag in the message with `image`, `pushedAs` and `tags`, and with what runs.',
  },
  Superseded: {
    where: ['skipped', 'waited'],
    means:
      'A later push, a higher version, a later restart or a manual rollback came first. The hook never goes back to an older one.',
    todo: 'Nothing. To roll out again what was rolled back, push it again, or set the image yourself.',
  },
  RolloutRunning: {
    where: ['skipped'],
    means:
      'A rollout of the workload is still running or stuck, or a pod is not available. Restarting on top of that would hide what is wrong.',
    todo: 'Look at `kubectl rollout status`. Once the rollout is done, the next post restarts the workload.',
  },
  RolloutPaused: {
    where: ['failed'],
    means: 'The Deployment is paused, so a restart would start no pods.',
    todo: 'Resume it: `kubectl rollout resume deployment/NAME`.',
  },
  NothingRestarts: {
    where: ['failed'],
    means: 'With the update strategy OnDelete, or because of a partition, all pods stay until somebody deletes them.',
    todo: 'Aim the hook at another workload, or set the update strategy to RollingUpdate with a lower partition.',
  },
  JobCreated: {
    where: ['applied'],
    means: 'The hook made a Job from the CronJob. `changes` and `summary` have its name.',
    todo: 'Nothing. `?wait=` says how the Job ends.',
  },
  JobRunning: {
    where: ['skipped', 'waited'],
    means:
      'A Job of the hook is still running. With `concurrency: forbid`, a delivery makes no second one. A post with `wait` has waited for as long as it asked.',
    todo: 'Nothing, if you want it so. Otherwise look at the Job that the message names, or choose another `concurrency`. To go on waiting, send the same request again.',
  },
  JobComplete: {
    where: ['waited'],
    means: 'The Job of this delivery has succeeded.',
    todo: 'Nothing.',
  },
  JobFailed: {
    where: ['waited', 'event'],
    means: 'The Job of this delivery has failed for good. The message says why.',
    todo: 'Look at its pods: `kubectl logs job/NAME`. To run it again, send the delivery with another `Idempotency-Key`.',
  },
  JobGone: {
    where: ['waited'],
    means:
      'The Job of this delivery is gone, so nobody can say how it ended: its `ttl` is over, or it was deleted or replaced.',
    todo: 'Ask sooner, or raise `ttl`.',
  },
  JobRefused: {
    where: ['failed'],
    means: 'The API server refused the Job, because of a quota, a policy, a webhook or a rule of Kubernetes.',
    todo: 'Do what the message says, then send the delivery again.',
  },
  NameTaken: {
    where: ['failed'],
    means: 'Another Job already has the name that the Job of this delivery would get.',
    todo: 'Delete that Job, and find out who made it: only a Job of this hook should have such a name.',
  },
  InputUnusable: {
    where: ['failed'],
    means:
      'The post has something that a Job cannot be given: a label over 1 KiB, a body that is over 64 KiB or is not text, or a NUL character.',
    todo: 'Let the sender send less, or remove `labels` or `body` from the hook.',
  },
  RolloutComplete: {
    where: ['waited'],
    means: 'What the delivery wrote is in effect, and all the pods that it asks for are available.',
    todo: 'Nothing. The hook does not check whether the program in the pods works.',
  },
  RolloutProgressing: {
    where: ['waited'],
    means: 'The time to wait is over, and not all new pods are available yet, or the trigger could not look.',
    todo: 'Send the same request again: with the same `Idempotency-Key` it only asks, and runs nothing.',
  },
  RolloutStalled: {
    where: ['waited', 'event'],
    means:
      'The rollout is stuck: the workload has passed its deadline or is paused, or no pod of the Job has started for ten minutes. It may still go on later.',
    todo: 'Look at the pods: `kubectl describe pod`. `kubectl rollout undo` brings back what ran before. `kubectl delete job/NAME` ends a Job that cannot start.',
  },
  Replaced: {
    where: ['waited'],
    means:
      'Somebody else has changed what the delivery wrote: a manual rollback, another tool, a deletion, or the hook has another target now.',
    todo: 'Look at who wrote it: `kubectl get --show-managed-fields`. To roll it out again, send the delivery with another `Idempotency-Key`.',
  },
  Stored: {
    where: ['waited'],
    means:
      'The change is stored, and there is nothing more to wait for: it is about a CronJob, a workload whose pods you restart by hand, an object that does not report what is available, or a post that a Service has accepted.',
    todo: 'Nothing.',
  },
  Forwarded: {
    where: ['applied'],
    means: 'The Service has accepted the post, with a 2xx status.',
    todo: 'Nothing. `changes` has the status.',
  },
  ServiceRefused: {
    where: ['failed', 'condition'],
    means:
      'The hook does not forward to this Service: its address can lead anywhere, or it lacks a cluster IP or the port.',
    todo: 'Do what the message says. The Service needs a selector, a cluster IP and the TCP port that the hook names.',
  },
  ServiceAnswered: {
    where: ['failed'],
    means:
      'The Service answered with a redirect, which the hook does not follow, or with a 4xx status other than 408, 409, 425 and 429.',
    todo: "Correct `path`, `headers` or the Service. The Service's own log says why.",
  },
  ServiceUnavailable: {
    where: ['unavailable', 'listed'],
    means:
      'The Service could not be reached, answered 5xx, 408, 409, 425 or 429, or did not answer completely in time. It may have received the post.',
    todo: 'Repair the Service, and check the network policy. Send the post again if its sender does not retry, such as GitHub. If the post has an idempotency key, the Service gets the same `Idempotency-Key` each time.',
  },
  TooManyHops: {
    where: ['failed'],
    means: 'Several hooks have passed this post on to one another, so this one stops.',
    todo: 'Find the hooks that forward to one another, and break the circle.',
  },
  PushUnreadable: {
    where: ['unreadable'],
    means: 'The message comes from a registry, but names no repository or no tag, or more than 256 pushes.',
    todo: 'Check what the registry is set to send. The message says what is missing. Push more than 256 tags in several parts.',
  },
  PartlyDone: {
    where: ['failed'],
    means:
      'The API server refused to change some or all of the workloads, because of a webhook, a policy or a rule. The others are done.',
    todo: 'Correct what the message names, and send the same post again. The hook then does the rest.',
  },
  ImageNeverPulled: {
    where: ['failed'],
    means: 'Somebody pushed the same tag again, but a container that runs it never pulls: `imagePullPolicy: Never`.',
    todo: 'Set another pull policy, or push a new tag.',
  },
  InvalidTags: {
    where: ['condition', 'failed'],
    means: 'The text in `tags.semver` is not a version range.',
    todo: 'Write it as npm does: `~1.4`, `>=2 <3`.',
  },
  Unfinished: {
    where: ['unavailable', 'listed'],
    means:
      'The work was not finished within four seconds. It goes on by itself: a rollout for up to a minute, a Job with `forbid` or `replace` and a forwarded post for a few seconds. Sending the same post again finishes it. If the status lists this, that time is over, or the trigger was restarted.',
    todo: 'Send the same post again, unless its sender retries. The status says how the work ends.',
  },
} as const satisfies Record<string, ReasonText>
