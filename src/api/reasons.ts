import type { DeliveryOutcome } from './record.ts'

/**
 * Where a reason appears:
 * - an outcome, such as `applied`: in the answers with this outcome.
 * - `refused`: in answers without an outcome.
 * - `waited`: in answers that give the outcome of an earlier delivery.
 * - `condition`: on a hook that is not Ready.
 * - `ready`: on a hook that is Ready.
 * - `event`: in Kubernetes Events.
 */
export type ReasonPlace =
  | DeliveryOutcome
  | 'unavailable'
  | 'unreadable'
  | 'refused'
  | 'condition'
  | 'ready'
  | 'event'
  | 'waited'

/**
 * The texts of one reason. The table `reasons` has all reasons of answers, conditions and Events.
 * docs/reference/reasons.md is made from it, and a test fails if a reason is missing in either.
 */
interface ReasonText {
  /** Where the reason appears. */
  readonly where: readonly ReasonPlace[]
  /** What happened, as a sentence. */
  readonly means: string
  /** What to do about it. */
  readonly todo: string
}

export const reasons = {
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
    todo: 'Nothing. The hook takes nothing back from a target that was replaced since, nor from before it had `onResolved: undo`.',
  },
  LeaseEnded: {
    where: ['event'],
    means: 'The time of `for` was over, and the hook took back what it had leased.',
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
    means:
      'The alert ended, but somebody else has set the count since its firings changed it. The hook takes nothing back from that.',
    todo: 'Nothing. If the count should go back all the same, set it.',
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
    means: 'A rollout of the workload is not through, or is stuck. A restart on top of it would hide what is wrong.',
    todo: 'Look at `kubectl rollout status`. A post after its end restarts the workload.',
  },
  RolloutPaused: {
    where: ['failed'],
    means: 'The Deployment is paused, so a restart would start no pods.',
    todo: 'Resume it: `kubectl rollout resume deployment/NAME`.',
  },
  NothingRestarts: {
    where: ['failed'],
    means: 'The workload has the update strategy OnDelete: its pods start again only when somebody deletes them.',
    todo: 'Aim the hook at another workload, or set the update strategy to RollingUpdate.',
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
      'The Job of the delivery is not there any more, so nobody can say how it ended: its `ttl` is over, somebody has deleted it, or a later delivery has replaced it.',
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
    todo: 'Delete or rename that Job, and find out who made it: such names begin with the name of the CronJob, and end by chance.',
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
      'The rollout does not go on: the deadline of the workload has passed, or it is paused. It may still go on later.',
    todo: 'Look at the pods: `kubectl describe pod`. `kubectl rollout undo` brings back what ran before.',
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
    means: 'The Service answered with a redirect or with a status 4xx. No redirect is followed.',
    todo: "Correct `path`, `headers` or the Service. The Service's own log says what it did not like.",
  },
  ServiceUnavailable: {
    where: ['unavailable'],
    means:
      'The Service could not be reached, answered 5xx, 408 or 429, or did not answer completely in time. It may have got the post.',
    todo: 'Nothing: the sender tries again. A post with an idempotency key has the same `Idempotency-Key` at the Service each time.',
  },
  TooManyHops: {
    where: ['failed'],
    means: 'Several hooks have passed this post on to one another. This one passes it on no further.',
    todo: 'Let no hook pass posts on to a hook that passes them back.',
  },
  PushUnreadable: {
    where: ['unreadable'],
    means: 'The message comes from a registry, and names no repository or no tag.',
    todo: 'Check what the registry is set to send. The message says what is missing.',
  },
  PartlyDone: {
    where: ['failed'],
    means: 'Some workloads are rolling out, and the API server refused the others.',
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
    where: ['unavailable'],
    means: 'The work is not finished yet. It goes on by itself for a minute, and the same post sent again finishes it.',
    todo: 'Nothing: the sender tries again. If it does not, look at the last delivery in the status.',
  },
  Suspended: {
    where: ['skipped', 'ready'],
    means: 'The hook has `suspend: true`.',
    todo: 'Set `suspend: false` to let deliveries run again.',
  },
  Stopped: {
    where: ['unavailable'],
    means: 'All hooks of this installation are stopped. Nothing was changed.',
    todo: 'Send it again later. An administrator of the installation ends the stop: `kubectl receiverhook start`.',
  },
  HistoryWentBack: {
    where: ['refused'],
    means:
      'The storage of the cluster was restored from a snapshot, and this trigger starts again. Nothing was changed.',
    todo: 'Send it again later.',
  },
  Filtered: {
    where: ['skipped'],
    means: 'The expression in `when` is false for this delivery.',
    todo: 'Nothing. If the delivery should count, correct `when`, and try it with `?dryRun=true`.',
  },
  OutsideWindow: {
    where: ['skipped'],
    means: 'The hook has `windows`, and is closed at this time.',
    todo: 'Nothing: `opensAt` in the answer says when posts count again. If the delivery should count now, change `windows`.',
  },
  UnknownZone: {
    where: ['failed', 'condition'],
    means: 'The time zone in `windows.zone` is not in the time zone database of this version.',
    todo: 'Write the name of a zone as IANA does, such as `Europe/Berlin`. A zone that was renamed has its present name.',
  },
  ExpressionFailed: {
    where: ['failed'],
    means: 'The expression in `when` failed on this delivery, or gave something other than true or false.',
    todo: 'Ask with `has()` for what a delivery may lack. The message says what was missing.',
  },
  ExpressionTooSlow: {
    where: ['failed'],
    means: 'The expression in `when` used more time or memory than it may have.',
    todo: 'Write a simpler expression, with fewer loops over lists of the body.',
  },
  ExpressionBusy: {
    where: ['unavailable'],
    means:
      'There was no time to evaluate the expression in `when`, or it has to wait because it ran over its budget before.',
    todo: 'Nothing: the sender tries again. If the hook had ExpressionTooSlow before, write a simpler expression.',
  },
  InvalidExpression: {
    where: ['failed', 'condition'],
    means: 'The expression in `when` does not compile, uses an unknown name, or takes too long to check.',
    todo: 'Correct it at the position that the message names, or use fewer brackets and operators.',
  },
  Resolved: {
    where: ['skipped'],
    means: 'The alert ended, and the hook has `onResolved: ignore`.',
    todo: 'Nothing. If the end of an alert should run the hook, set `onResolved: run`.',
  },
  PartlyResolved: {
    where: ['skipped'],
    means: 'Some alerts of the group ended, and no new one fires.',
    todo: 'Nothing: the end of one alert asks for no step.',
  },
  Duplicate: {
    where: ['skipped'],
    means:
      'The hook has seen this idempotency key, or this signed body, before. The sender, or a second instance of it, sent the delivery again.',
    todo: 'Nothing. If a repeat should be a new step, set a shorter `dedupeWindow`, or a shorter `replayWindow` of `auth`.',
  },
  KeyReused: {
    where: ['failed'],
    means: 'The idempotency key belongs to a delivery with another body, which the hook has decided before.',
    todo: 'Give each delivery a key of its own. To ask for the outcome of one, send its key without a body.',
  },
  CoolingDown: {
    where: ['skipped'],
    means: 'The hook ran a moment ago, and its `cooldown` is not over.',
    todo: 'Nothing. If steps should follow sooner, set a shorter `cooldown`.',
  },
  LimitReached: {
    where: ['skipped', 'event'],
    means: 'The hook has done as much within a time as its `limits` allow.',
    todo: 'Nothing: `opensAt` in the answer says when posts count again. If more should count, raise the limit.',
  },
  OutcomeUnknown: {
    where: ['skipped', 'event'],
    means:
      'The API server no longer has the history that shows whether the step was made. The hook does not make it again.',
    todo: 'Look at the count of the target, and set it by hand if the step is missing, or if a lease of the hook should have ended.',
  },
  NoNews: {
    where: ['skipped'],
    means: 'The message asks for no step: it is a ping, a handshake, an acknowledgement or an unknown state.',
    todo: 'Nothing.',
  },
  NotGenuine: {
    where: ['refused'],
    means: "The signature in the message is not its sender's.",
    todo: 'Find out who posts it. The log of the sender shows whether the sender did.',
  },
  NotVerified: {
    where: ['refused'],
    means: 'The trigger could not fetch the certificate that proves the message.',
    todo: 'Nothing: the sender tries again. If it goes on, let the trigger reach the host of the certificate.',
  },
  SubscriptionToConfirm: {
    where: ['event'],
    means: 'A sender asks whether it may post to this hook.',
    todo: 'If it may, open the link in the Event. The product never opens it.',
  },
  WouldPassBound: {
    where: ['rejected'],
    means: 'The step would pass the bound, and the hook has `overshoot: reject`.',
    todo: 'Use a smaller `by`, another bound, or `overshoot: clamp`.',
  },
  TargetNotFound: {
    where: ['failed', 'condition'],
    means: 'The target does not exist in the namespace of the hook, or the cluster does not know its kind.',
    todo: 'Create it, or correct `target`. The hook becomes Ready by itself when the target appears.',
  },
  PoolNotFound: {
    where: ['failed', 'condition'],
    means: 'The Cluster that the hook names has no pool of that name.',
    todo: 'Correct `pool`; the message names those that there are.',
  },
  TargetBeingDeleted: {
    where: ['failed', 'condition'],
    means: 'The target is being deleted.',
    todo: 'Wait until it is gone and create it again, or choose another target.',
  },
  NotScalable: {
    where: ['failed', 'condition'],
    means: 'The target has no count that a hook can change: its kind has none, or the API server would not keep it.',
    todo: 'Use a Deployment, a StatefulSet, a ReplicaSet, a ReplicationController, a HorizontalPodAutoscaler, a ScaledObject or a custom resource that has `/scale`.',
  },
  OwnedByController: {
    where: ['failed', 'condition'],
    means: 'Another object controls the target, and would set its count back.',
    todo: 'Aim the hook at the owner that the message names.',
  },
  ManagedByAutoscaler: {
    where: ['failed', 'condition'],
    means: 'An autoscaler sets the count of the target, and would undo each step.',
    todo: 'Aim the hook at the autoscaler that the message names, to change its minimum. Or remove one of the two.',
  },
  InvalidHook: {
    where: ['failed', 'condition'],
    means:
      'The hook breaks a rule of its schema. It was stored before that rule existed, or in a way that avoids the rule.',
    todo: 'Correct the field that the message names.',
  },
  Forbidden: {
    where: ['failed', 'condition'],
    means: 'A service account of the product lacks a right that this hook needs.',
    todo: 'Run the command of the message, or give the right that it names. The hook is Ready within 20 seconds after that.',
  },
  AccountNotFound: {
    where: ['failed', 'condition'],
    means:
      'There is no service account of the name in `serviceAccountName`, or it is being deleted. The hook does nothing.',
    todo: 'Create it and give it the rights that its hooks need, or correct `serviceAccountName`. The hook becomes Ready by itself when the account appears.',
  },
  SecretConflict: {
    where: ['condition'],
    means: 'The Secret that `token.secretName` names exists and does not belong to this hook.',
    todo: 'Choose another name, or delete that Secret. The product never reads or changes it.',
  },
  AuthSecretNotFound: {
    where: ['failed', 'condition'],
    means: 'There is no Secret of the name in `auth`, or it lacks a key that the hook needs.',
    todo: 'Create it, or correct `auth`. The hook becomes Ready by itself when the Secret appears.',
  },
  AuthSecretInvalid: {
    where: ['failed', 'condition'],
    means: 'The Secret of `auth` has something else than `auth.standardWebhooks` can check with.',
    todo: 'Put the secret there as the sender shows it: `whsec_` or `whpk_` and Base64. The hook becomes Ready by itself.',
  },
  AuthSecretTooLarge: {
    where: ['failed', 'condition'],
    means: 'The Secret of `auth` is larger than 64 KiB.',
    todo: 'Put the credential into a Secret of its own, and name that in `auth`.',
  },
  IssuerNotAllowed: {
    where: ['failed', 'condition'],
    means: 'The installation does not take tokens of the issuer in `auth.oidc`.',
    todo: 'Compare `auth.oidc.issuer` with the claim `iss` of a token. If it is right, ask an administrator to allow the issuer: the flag `--oidc-issuer` of both roles, `oidc.issuers` of the chart.',
  },
  IssuerUnavailable: {
    where: ['refused', 'condition'],
    means: 'The keys of an issuer of ID tokens cannot be read, so that no token can be verified with them.',
    todo: 'Nothing, if it passes: the sender tries again. If it goes on, see in the message or in the log of the trigger what is wrong, and let both roles reach the issuer. The hook becomes Ready by itself.',
  },
  AuthSecretWeak: {
    where: ['failed', 'condition'],
    means: 'The Secret of `auth` has a value that could be guessed, and the URL of the hook is no secret.',
    todo: 'Put a longer value there, as `openssl rand -hex 32` makes it, and give it to the sender. The hook becomes Ready by itself.',
  },
  TooLarge: {
    where: ['failed', 'condition', 'refused'],
    means: 'The hook, or an object that it is about, is larger than the product reads.',
    todo: 'Remove what is large in the object that the message names: annotations, long lists of environment variables. docs/reference/limits.md has the bounds.',
  },
  Valid: {
    where: ['ready'],
    means: 'The hook is valid, and its URL is published.',
    todo: 'Nothing.',
  },
  UnknownToken: {
    where: ['refused'],
    means: 'This installation has not signed the token.',
    todo: "Compare the URL with the hook's `status.triggerURL`, or the header `Authorization` with its `status.token`. Somebody may have cut or changed it.",
  },
  HookDeleted: {
    where: ['refused'],
    means: 'The hook of this URL was deleted. A new hook of the same name has a new URL.',
    todo: 'Use the URL of the new hook.',
  },
  TokenRotated: {
    where: ['refused'],
    means: 'The hook has a newer URL.',
    todo: "Use the hook's present URL.",
  },
  TokenExpired: {
    where: ['refused'],
    means: 'The URL has expired.',
    todo: "Use the hook's present URL.",
  },
  Unauthorized: {
    where: ['refused'],
    means: "The post does not prove what the hook's `auth` asks for.",
    todo: 'Give the sender what is in the Secret of `auth`, or post from the topic of `auth.sns`. docs/how-to/authenticate-senders.md shows how. For `auth.oidc`, the log of the trigger says what is wrong with the token.',
  },
  Unproved: {
    where: ['refused'],
    means:
      'There is no hook with a named URL of this name, or the post does not prove what its `auth` asks for. The answer is the same for both.',
    todo: "Compare the URL with the hook's `status.endpoint`, and what the sender sends with the Secret of `auth`. The conditions of the hook say if its Secret is missing, cannot be read or is too weak. For `auth.oidc`, the log of the trigger says what is wrong with the token.",
  },
  MethodNotAllowed: {
    where: ['refused'],
    means: 'Only POST runs a hook.',
    todo: 'Send a POST.',
  },
  BodyTooLarge: {
    where: ['refused'],
    means: 'The body is larger than a delivery may be.',
    todo: 'Send less. A hook needs no body at all.',
  },
  BodyTooDeep: {
    where: ['refused'],
    means: 'The body is nested deeper than that of any known sender.',
    todo: 'Send a flatter body, or none.',
  },
  BodyUnreadable: {
    where: ['refused'],
    means:
      'The body did not arrive whole, or it is no JSON although its Content-Type, or a "{" or "[" at its beginning, says so.',
    todo: 'Send all of it, as JSON in UTF-8. Or send text that begins with something else, without a Content-Type of JSON.',
  },
  EncodingNotSupported: {
    where: ['refused'],
    means: 'The trigger cannot read this Content-Encoding.',
    todo: 'Use the Content-Encoding gzip or deflate, or none.',
  },
  BodyTooSlow: {
    where: ['refused'],
    means: 'The body did not arrive in time.',
    todo: 'Nothing: the sender tries again.',
  },
  BadQuery: {
    where: ['refused'],
    means: 'The query asks for a dry run, or to wait, in a way that can be misread, so nothing was done.',
    todo: 'Write `dryRun=true`, `dryRun=false` or nothing; and `wait=25s`, from 0s to 10m, or nothing. A dry run waits for nothing.',
  },
  NotReady: {
    where: ['refused'],
    means: 'The trigger has not read the hooks and keys yet.',
    todo: 'Nothing: the sender tries again.',
  },
  ApiUnreachable: {
    where: ['unavailable', 'refused'],
    means: 'The trigger cannot reach the API server.',
    todo: 'Nothing: the sender tries again.',
  },
  InternalError: {
    where: ['unavailable'],
    means: 'The trigger failed in a way that it never should. Nothing was changed.',
    todo: "Report what the trigger's log says of it. The sender tries again.",
  },
  Contended: {
    where: ['unavailable', 'refused'],
    means:
      'The time of the post was over: the target kept changing, its queue was too long, or another delivery or an earlier write was not finished. The message says which.',
    todo: 'Nothing: the sender tries again.',
  },
  RateLimited: {
    where: ['unavailable'],
    means:
      'More posts came for the hook than its `rateLimit` lets through, or more than 1 MiB a second in bodies of over 64 kB.',
    todo: 'Nothing: the sender tries again. If you expect so many posts, raise `rateLimit`.',
  },
  WritesLimited: {
    where: ['unavailable', 'event'],
    means:
      'The posts to the hook made the API server store more than one hook may: 8 MB at once, and 100 kB a second after that.',
    todo: 'Nothing: the sender tries again once Retry-After is over. If it does not, post again. If it goes on, send fewer posts, or give those that mean the same the same idempotency key.',
  },
  RecordFull: {
    where: ['unavailable', 'event'],
    means:
      'More posts with an idempotency key came than the hook can remember within `dedupeWindow` or `replayWindow`.',
    todo: 'Nothing: the sender tries again, and there is room when the oldest are past both. If it goes on, shorten them, or send fewer.',
  },
  RecordTooNew: {
    where: ['unavailable'],
    means: "A later version of this program wrote the hook's record, and this one cannot read it.",
    todo: 'Finish the upgrade, or go back to the later version. Until then this replica runs no post that has an idempotency key.',
  },
  Overloaded: {
    where: ['unavailable', 'refused'],
    means: 'Too many deliveries are waiting.',
    todo: 'Nothing: the sender tries again.',
  },
  PublicKeysRestored: {
    where: ['event'],
    means: 'Somebody changed or deleted the ConfigMap of the public keys. The controller wrote it again.',
    todo: 'Find out who may write it. With a key of their own in it they can make URLs.',
  },
  SigningKeysReplaced: {
    where: ['event'],
    means: 'The signing keys were lost. The controller made new ones, so every hook has a new URL.',
    todo: 'Give the new URLs to the senders, unless they read them from Secrets.',
  },
  SigningKeysUnreadable: {
    where: ['event'],
    means: 'The Secret of the signing keys holds something else. The controller leaves it alone, and makes no URL.',
    todo: 'Restore the Secret. Or delete it, and the controller makes new keys and new URLs.',
  },
} as const satisfies Record<string, ReasonText>

export type Reason = keyof typeof reasons

/** The reasons that can appear in a place. */
export type ReasonIn<P extends ReasonPlace> = {
  [R in Reason]: P extends (typeof reasons)[R]['where'][number] ? R : never
}[Reason]

/** Returns whether the text is a reason of this version. */
export const isReason = (text: string): text is Reason => Object.hasOwn(reasons, text)
