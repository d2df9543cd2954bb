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
    means: "The alert ended, and the hook undid the alert's changes.",
    todo: 'Nothing.',
  },
  NothingToUndo: {
    where: ['skipped'],
    means: 'The alert ended, but it had changed nothing that the hook can undo.',
    todo: 'Nothing. The hook undoes nothing if the target has been replaced since, if the alert fired before the hook had `onResolved: undo`, or if the message does not name its alert.',
  },
  LeaseEnded: {
    where: ['event'],
    means:
      'The time in `for` has run out, so the hook undid the change. The status lists this as a delivery from the sender `lease`.',
    todo: 'Nothing.',
  },
  LeaseTooShort: {
    where: ['event'],
    means:
      'Alerts are still firing although their lease has ended: `for` is too short for how often the sender repeats them.',
    todo: "Make `for` at least three times the sender's repeat interval, or have the sender repeat alerts more often. In Alertmanager that is `repeat_interval`, 4 h by default.",
  },
  LeaseOverdue: {
    where: ['event'],
    means: "The time in `for` ran out more than a minute ago, but the hook hasn't managed to undo the change.",
    todo: "The hook keeps trying until it succeeds. Meanwhile its condition `LeaseOverdue` says why it can't. You can also set the count yourself: then the hook leaves it alone.",
  },
  SetByOthers: {
    where: ['skipped'],
    means: 'The alert ended, but someone else had set the count by then. The hook leaves it as it is.',
    todo: 'Nothing. If the count should go back anyway, set it yourself.',
  },
  Held: {
    where: ['applied'],
    means: 'The hook holds a switch or a count until the time in `for` runs out. No other hook can release this hold.',
    todo: 'Nothing. To end the hold earlier, use `kubectl receiverhook end`, or set the field yourself, which ends all its holds.',
  },
  Overruled: {
    where: ['event'],
    means:
      'Someone else has set a field that the hook held, so all holds on the field have ended, and nothing is put back.',
    todo: 'Nothing, if a person did this on purpose. If Git did, leave the field out of Git, or hold the Kustomization or the Application. The next post begins a new hold.',
  },
  TooManyTargets: {
    where: ['failed'],
    means: "A hold's selector matches more than 50 workloads, so nothing was changed.",
    todo: 'Split the hook into several, each with more labels or fewer kinds.',
  },
  AlreadySo: {
    where: ['unchanged'],
    means: 'Someone else had already set the field to this value, so there is nothing to hold or to put back.',
    todo: 'Nothing. If the hook should switch the field back later, set it back by hand, and post again.',
  },
  NotHoldable: {
    where: ['failed', 'condition'],
    means: "The object can't be held this way, or the API server didn't keep the change.",
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
      'The workloads are restarting: through the driver `restart`, or through `redeploy` with `withoutImage: restart`, after a message that names no image.',
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
    todo: 'Nothing. If it should have counted, compare the image and tag in the message with `image`, `pushedAs` and `tags`, and with what is running.',
  },
  Superseded: {
    where: ['skipped', 'waited'],
    means:
      'This delivery is out of date: a later push, a higher version, a later restart or a manual rollback has already taken effect. The hook never goes back to an older state.',
    todo: 'Nothing. To roll out a version that was rolled back, push it again, or set the image yourself.',
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
    means: 'With the update strategy OnDelete, or because of a partition, all pods stay until someone deletes them.',
    todo: 'Point the hook at another workload, or set the update strategy to RollingUpdate with a lower partition.',
  },
  JobCreated: {
    where: ['applied'],
    means: 'The hook created a Job from the CronJob. `changes` and `summary` contain its name.',
    todo: 'Nothing. To see how the Job ends, use `?wait=`.',
  },
  JobRunning: {
    where: ['skipped', 'waited'],
    means:
      'A Job of the hook is still running, and with `concurrency: forbid` a delivery creates no second one. If the post had `wait`, that time has passed.',
    todo: "Nothing, if that's what you want. Otherwise look at the Job that the message names, or choose another `concurrency`. To keep waiting, send the same request again.",
  },
  JobComplete: {
    where: ['waited'],
    means: "The delivery's Job has succeeded.",
    todo: 'Nothing.',
  },
  JobFailed: {
    where: ['waited', 'event'],
    means: "The delivery's Job has failed for good. The message says why.",
    todo: 'Look at its pods: `kubectl logs job/NAME`. To run it again, send the delivery with another `Idempotency-Key`.',
  },
  JobGone: {
    where: ['waited'],
    means:
      "The delivery's Job is gone, so nobody can say how it ended: its `ttl` has passed, or it was deleted or replaced.",
    todo: 'Ask sooner, or raise `ttl`.',
  },
  JobRefused: {
    where: ['failed'],
    means: 'The API server refused the Job, because of a quota, a policy, a webhook or a Kubernetes rule.',
    todo: 'Do what the message says, then send the delivery again.',
  },
  NameTaken: {
    where: ['failed'],
    means: "Another Job already has the name that the delivery's Job would get.",
    todo: 'Delete that Job, and find out who created it: only Jobs of this hook should have such a name.',
  },
  InputUnusable: {
    where: ['failed'],
    means:
      "Something in the post can't be passed to a Job: a label over 1 KiB, a body that is over 64 KiB or is not text, or a NUL character.",
    todo: 'Make the sender send less, or remove `labels` or `body` from the hook.',
  },
  RolloutComplete: {
    where: ['waited'],
    means: "The delivery's change is in effect, and all the pods that it asks for are available.",
    todo: 'Nothing. The hook does not check whether the program in the pods works.',
  },
  RolloutProgressing: {
    where: ['waited'],
    means: "The time in `wait` has run out, but not all new pods are available yet, or the trigger couldn't check.",
    todo: 'Send the same request again. With the same `Idempotency-Key`, it only asks for the outcome and runs nothing.',
  },
  RolloutStalled: {
    where: ['waited', 'event'],
    means:
      'The rollout is stuck: the workload has passed its deadline or is paused, or no pod of the Job has started for ten minutes. It may still recover later.',
    todo: 'Look at the pods: `kubectl describe pod`. `kubectl rollout undo` brings back the previous version. `kubectl delete job/NAME` ends a Job that cannot start.',
  },
  Replaced: {
    where: ['waited'],
    means:
      "The delivery's change was overwritten: by a manual rollback, another tool or a deletion, or the hook now has another target.",
    todo: 'Find out who wrote it: `kubectl get --show-managed-fields`. To roll the change out again, send the delivery with another `Idempotency-Key`.',
  },
  Stored: {
    where: ['waited'],
    means:
      "The change is stored, and there is nothing more to wait for: it concerns a CronJob, a workload whose pods you restart by hand, an object that doesn't report what is available, or a post that a Service has accepted.",
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
    todo: "Fix `path`, `headers` or the Service. The Service's own log says why.",
  },
  ServiceUnavailable: {
    where: ['unavailable', 'listed'],
    means:
      'The Service could not be reached, answered 5xx, 408, 409, 425 or 429, or did not answer completely in time. It may have received the post.',
    todo: "Repair the Service, and check the network policy. Send the post again if its sender doesn't retry (GitHub doesn't). If the post has an idempotency key, the Service gets the same `Idempotency-Key` each time.",
  },
  TooManyHops: {
    where: ['failed'],
    means: 'Several hooks have passed this post on to one another, so this hook refuses it.',
    todo: 'Find the hooks that forward to one another, and break the loop.',
  },
  PushUnreadable: {
    where: ['unreadable'],
    means: 'The message comes from a registry, but lacks a repository or a tag, or has over 256 pushes.',
    todo: 'Check what the registry is configured to send. The message says what is missing. Split more than 256 tags into several pushes.',
  },
  PartlyDone: {
    where: ['failed'],
    means:
      'The API server refused to change some or all of the workloads, because of a webhook, a policy or a rule. The others are done.',
    todo: 'Fix what the message names, and send the same post again. The hook then does the rest.',
  },
  ImageNeverPulled: {
    where: ['failed'],
    means: 'The same tag was pushed again, but a container that runs it never pulls: `imagePullPolicy: Never`.',
    todo: 'Set another pull policy, or push a new tag.',
  },
  InvalidTags: {
    where: ['condition', 'failed'],
    means: 'The text in `tags.semver` is not a version range.',
    todo: 'Write the range as npm does: `~1.4`, `>=2 <3`.',
  },
  Unfinished: {
    where: ['unavailable', 'listed'],
    means:
      'The work took longer than four seconds. It continues on its own: a rollout for up to a minute, a Job with `forbid` or `replace` and a forwarded post for a few seconds. Sending the same post again finishes it. If the status lists this reason, that time has run out, or the trigger was restarted.',
    todo: 'Send the same post again, unless its sender retries. The status says how the work ends.',
  },
} as const satisfies Record<string, ReasonText>
