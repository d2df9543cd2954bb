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
    means: 'The count is at the bound of this direction already, or past it.',
    todo: 'Nothing. If the hook should go further, raise `max` or lower `min`.',
  },
  Undone: {
    where: ['applied'],
    means: 'The alert ended, and the hook took back what its firings had changed.',
    todo: 'Nothing.',
  },
  NothingToUndo: {
    where: ['skipped'],
    means: 'The alert ended, and its firings had changed nothing that the hook can take back.',
    todo: 'Nothing. The hook takes nothing back from a target that was replaced since, from before it had `onResolved: undo`, or for a message that does not name its alert.',
  },
  LeaseEnded: {
    where: ['event'],
    means:
      'The time of `for` was over, and the hook took back what it had leased. The status lists it as a delivery of the sender `lease`.',
    todo: 'Nothing.',
  },
  LeaseTooShort: {
    where: ['event'],
    means: 'Alerts fire on although their lease has ended: `for` is too short for how often their sender repeats.',
    todo: 'Make `for` at least three times the repeat interval of the sender, or repeat more often. Alertmanager: `repeat_interval`, 4 h by default.',
  },
  LeaseOverdue: {
    where: ['event'],
    means:
      'The time of `for` was over more than a minute ago, and what the hook had leased could not be taken back yet.',
    todo: 'See the message for the reason, and the condition `LeaseOverdue`, which lasts as long. The hook tries again until it succeeds. Or set the count: then nothing is taken from it.',
  },
  SetByOthers: {
    where: ['skipped'],
    means: 'The alert ended, but someone else has set the count in the meantime. The hook leaves it as it is.',
    todo: 'Nothing. If the count should go back all the same, set it.',
  },
  Held: {
    where: ['applied'],
    means: 'The hook holds a switch, or a count, until the time of `for` is over. Nobody else releases this hold.',
    todo: 'Nothing. To end it earlier, use `kubectl receiverhook end`, or set the field yourself: then all holds of it are over.',
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
      'The workloads are being restarted, by `restart`; or by `redeploy`, for a message that names no image, if `withoutImage` says so.',
    todo: 'Nothing.',
  },
  UpToDate: {
    where: ['unchanged'],
    means: 'Every workload that runs the image has this push already.',
    todo: 'Nothing.',
  },
  NotForThisHook: {
    where: ['skipped'],
    means: 'No workload of this hook runs the pushed image, or the hook wants another image or tag.',
    todo: 'Nothing. If it should have counted, compare the image and tag in the message with `image`, `pushedAs`, `tags` and what runs.',
  },
  Superseded: {
    where: ['skipped', 'waited'],
    means:
      'A later push, a higher version, a later restart or a rollback by hand was there first. The hook never goes back to an older one.',
    todo: 'Nothing. To roll out again what was rolled back, push it once more, or set the image yourself.',
  },
  RolloutRunning: {
    where: ['skipped'],
    means:
      'A rollout of the workload is not through, or is stuck, or a pod is not available. A restart on top of it would hide what is wrong.',
    todo: 'Look at `kubectl rollout status`. A post after its end restarts the workload.',
  },
  RolloutPaused: {
    where: ['failed'],
    means: 'The Deployment is paused, so a restart would start no pods.',
    todo: 'Resume it: `kubectl rollout resume deployment/NAME`.',
  },
  NothingRestarts: {
    where: ['failed'],
    means:
      'The update strategy OnDelete or a partition keeps all pods: they start again only when somebody deletes them.',
    todo: 'Aim the hook at another workload, or set the update strategy to RollingUpdate with a lower partition.',
  },
  JobCreated: {
    where: ['applied'],
    means: 'A Job of the CronJob was made. `changes` and `summary` have its name.',
    todo: 'Nothing. `?wait=` says how the Job ends.',
  },
  JobRunning: {
    where: ['skipped', 'waited'],
    means:
      'A Job of the hook has not ended. With `concurrency: forbid`, a later delivery makes none; and a post that waits has waited as long as it may.',
    todo: 'Nothing, if that is meant. Otherwise look at the Job that the message names, or choose another `concurrency`. To go on waiting, send the same request again.',
  },
  JobComplete: {
    where: ['waited'],
    means: 'The Job of the delivery has ended with success.',
    todo: 'Nothing.',
  },
  JobFailed: {
    where: ['waited', 'event'],
    means: 'The Job of the delivery has failed for good, with the reason in the message.',
    todo: 'Look at its pods: `kubectl logs job/NAME`. To run it once more, send it with another `Idempotency-Key`.',
  },
  JobGone: {
    where: ['waited'],
    means:
      'The Job of the delivery is gone, so nobody can say how it ended: its `ttl` is over, or it was deleted or replaced.',
    todo: 'Ask sooner, or raise `ttl`.',
  },
  JobRefused: {
    where: ['failed'],
    means: 'The API server did not take the Job: a quota, a policy, a webhook or a rule of Kubernetes is against it.',
    todo: 'Do what the message says. The same sent again is tried again.',
  },
  NameTaken: {
    where: ['failed'],
    means: 'A Job that this delivery has not made has the name that its Job would have.',
    todo: 'Delete that Job, and find out who made it: only a Job of this hook should have such a name.',
  },
  InputUnusable: {
    where: ['failed'],
    means:
      'The post says something that a Job cannot get: a label of more than 1 KiB, a body of more than 64 KiB or that is no text, or the character NUL.',
    todo: 'Let the sender send less, or do without it: `labels` and `body` of the hook.',
  },
  RolloutComplete: {
    where: ['waited'],
    means: 'What the delivery wrote is there, and as many pods of it as are wanted are available.',
    todo: 'Nothing. Whether the program in them does what it should is not looked at.',
  },
  RolloutProgressing: {
    where: ['waited'],
    means: 'What the delivery wrote is not available yet, or could not be looked at, and the time to wait is over.',
    todo: 'Send the same request again: with the same `Idempotency-Key` it asks again and runs nothing.',
  },
  RolloutStalled: {
    where: ['waited', 'event'],
    means:
      'The rollout does not go on: the deadline of the workload has passed, or it is paused. Or no pod of the Job has started for ten minutes. It may still go on later.',
    todo: 'Look at the pods: `kubectl describe pod`. `kubectl rollout undo` brings back what ran before. `kubectl delete job/NAME` ends a Job that cannot start.',
  },
  Replaced: {
    where: ['waited'],
    means:
      'Somebody else has changed what the delivery wrote: a rollback by hand, another tool, a deletion, or a hook that is aimed elsewhere now.',
    todo: 'Look at who wrote it: `kubectl get --show-managed-fields`. To roll it out again, send it with another `Idempotency-Key`.',
  },
  Stored: {
    where: ['waited'],
    means:
      'The change is stored, and nothing more can be seen of it: a CronJob, a workload whose pods start by hand, a count of an object that does not say what is available, or a post that a Service has taken.',
    todo: 'Nothing.',
  },
  Forwarded: {
    where: ['applied'],
    means: 'The Service has taken the post: it answered with a status 2xx.',
    todo: 'Nothing. `changes` has the status.',
  },
  ServiceRefused: {
    where: ['failed', 'condition'],
    means:
      'The hook passes no post on to this Service: its address can lead anywhere, or it has no cluster IP or no such port.',
    todo: 'Do what the message says. The Service needs a selector, a cluster IP and the TCP port that the hook names.',
  },
  ServiceAnswered: {
    where: ['failed'],
    means:
      'The Service answered with a redirect, or with a status 4xx other than 408, 409, 425 and 429. No redirect is followed.',
    todo: "Correct `path`, `headers` or the Service. The Service's own log says what it did not like.",
  },
  ServiceUnavailable: {
    where: ['unavailable', 'listed'],
    means:
      'The Service could not be reached, answered 5xx, 408, 409, 425 or 429, or did not answer completely in time. It may have got the post.',
    todo: 'Let the Service answer, and look at the network policy. Send the post again where the sender does not, such as GitHub. A post with an idempotency key has the same `Idempotency-Key` at the Service each time.',
  },
  TooManyHops: {
    where: ['failed'],
    means: 'Several hooks have passed this post on to one another. This one passes it on no further.',
    todo: 'Let no hook pass posts on to a hook that passes them back.',
  },
  PushUnreadable: {
    where: ['unreadable'],
    means: 'The message comes from a registry, and names no repository, no tag, or more than 256 pushes.',
    todo: 'Check what the registry is set to send. The message says what is missing. Push more than 256 tags in several parts.',
  },
  PartlyDone: {
    where: ['failed'],
    means:
      'The API server refused to change some workloads, or all of them: a webhook, a policy or a rule is against it. The others are rolling out.',
    todo: 'Correct what the message names, and send the same post again. The hook then does the rest.',
  },
  ImageNeverPulled: {
    where: ['failed'],
    means: 'Somebody pushed the same tag again, and a container that runs it never pulls: `imagePullPolicy: Never`.',
    todo: 'Set another pull policy, or push a new tag.',
  },
  InvalidTags: {
    where: ['condition', 'failed'],
    means: 'The text in `tags.semver` is no range of versions.',
    todo: 'Write it as npm does: `~1.4`, `>=2 <3`.',
  },
  Unfinished: {
    where: ['unavailable', 'listed'],
    means:
      'The work was not finished within four seconds. It goes on by itself for up to a minute, a Job with `forbid` or `replace` and a forwarded post for some seconds. The same post sent again finishes it. If the status lists it, that time is over, or the trigger was restarted.',
    todo: 'Send the same post again, unless its sender does. The status says how the work ends.',
  },
} as const satisfies Record<string, ReasonText>
