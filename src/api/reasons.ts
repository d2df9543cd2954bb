import type { DeliveryOutcome } from './record.ts'

/** An answer's outcome; `refused` for an answer that has none. */
export type Place = DeliveryOutcome | 'unavailable' | 'refused' | 'condition' | 'event'

/**
 * Every reason that an answer, a condition or an Event can give: one table, read by the code, by
 * docs/reference/reasons.md, which is made from it, and by the test that keeps both complete.
 */
interface ReasonText {
  /** Where it is given: in answers with this outcome, in answers to a post that was no delivery, elsewhere. */
  readonly where: readonly Place[]
  /** What has happened, as a sentence. */
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
    todo: 'Nothing; raise `max` or lower `min` if the hook should go further.',
  },
  Undone: {
    where: ['applied'],
    means: 'What the firings of the alert had changed was taken back.',
    todo: 'Nothing.',
  },
  NothingToUndo: {
    where: ['skipped'],
    means: 'The alert is over, and its firings had changed nothing here that could be taken back.',
    todo: 'Nothing. A target that was replaced since has nothing to take back, nor have firings from before `onResolved: undo`.',
  },
  Suspended: {
    where: ['skipped'],
    means: 'The hook has `suspend: true`.',
    todo: 'Set `suspend: false` to let deliveries run again.',
  },
  Filtered: {
    where: ['skipped'],
    means: 'The expression in `when` is false for this delivery.',
    todo: 'Nothing; correct `when` if the delivery should count, and try it with `?dryRun=true`.',
  },
  ExpressionFailed: {
    where: ['skipped'],
    means: 'The expression in `when` failed on this delivery, or gave something else than true or false.',
    todo: 'Guard what a delivery may lack with `has()`; the message says what was missing.',
  },
  ExpressionTooSlow: {
    where: ['skipped'],
    means: 'The expression in `when` used more time or memory than it may have.',
    todo: 'Write a simpler one: fewer loops over lists of the body.',
  },
  ExpressionBusy: {
    where: ['unavailable'],
    means: 'The expression in `when` was not judged in time, or is not run for a while since it ran over its budget.',
    todo: 'Nothing: the sender tries again; write a simpler expression if this hook had ExpressionTooSlow before.',
  },
  InvalidExpression: {
    where: ['failed', 'condition'],
    means: 'The expression in `when` does not compile, or uses a name that there is not.',
    todo: 'Correct it at the position that the message names.',
  },
  Resolved: {
    where: ['skipped'],
    means: 'The message says that the alert is over, and the hook has `onResolved: ignore`.',
    todo: 'Nothing; set `onResolved: run` if the end of an alert should run the hook.',
  },
  PartlyResolved: {
    where: ['skipped'],
    means: 'Some alerts of the group have ended and no new one fires.',
    todo: 'Nothing: the end of one alert is no news that asks for a step.',
  },
  Duplicate: {
    where: ['skipped'],
    means: 'This very delivery was decided before: its sender, or a copy of it, sent it again.',
    todo: 'Nothing; set a shorter `dedupeWindow` if a repeat should be a new step.',
  },
  CoolingDown: {
    where: ['skipped'],
    means: 'The hook ran a moment ago, and its `cooldown` is not over.',
    todo: 'Nothing; set a shorter `cooldown` if steps should follow one another sooner.',
  },
  OutcomeUnknown: {
    where: ['skipped'],
    means: 'The API server no longer has the history that would tell whether the step was made. It is not made again.',
    todo: 'Look at the count of the target, and set it right by hand where the step is missing.',
  },
  NoNews: {
    where: ['skipped'],
    means: 'The message asks for no step: a ping, a handshake, an acknowledgement, a state that is not known.',
    todo: 'Nothing.',
  },
  NotGenuine: {
    where: ['refused'],
    means: "The signature in the message is not its sender's.",
    todo: 'Look who posts it; the log of the sender shows whether it did.',
  },
  NotVerified: {
    where: ['refused'],
    means: 'The certificate that would show whether the message is genuine could not be fetched.',
    todo: 'Nothing: the sender tries again; let the trigger reach its host if it goes on.',
  },
  SubscriptionToConfirm: {
    where: ['event'],
    means: 'A sender asks whether it may post to this hook.',
    todo: 'Open the link of the Event if it should; it is never opened by itself.',
  },
  WouldPassBound: {
    where: ['rejected'],
    means: 'The step would pass the bound, and the hook has `overshoot: reject`.',
    todo: 'Use a smaller `by`, another bound, or `overshoot: clamp`.',
  },
  TargetNotFound: {
    where: ['failed', 'condition'],
    means: 'The target does not exist in the namespace of the hook.',
    todo: 'Create it, or correct `target`. The hook becomes Ready by itself when the target appears.',
  },
  TargetBeingDeleted: {
    where: ['failed', 'condition'],
    means: 'The target is being deleted.',
    todo: 'Wait until it is gone and create it again, or aim the hook at another.',
  },
  NotScalable: {
    where: ['failed', 'condition'],
    means: 'The target is of a kind that this version cannot scale.',
    todo: 'Use a Deployment, a StatefulSet, a ReplicaSet or a ReplicationController.',
  },
  OwnedByController: {
    where: ['failed', 'condition'],
    means: 'Another object controls the target and would set its count back.',
    todo: 'Aim the hook at the owner that the message names.',
  },
  ManagedByAutoscaler: {
    where: ['failed', 'condition'],
    means: 'An autoscaler sets the count of the target and would undo each step.',
    todo: 'Remove the autoscaler that the message names, or the hook.',
  },
  InvalidHook: {
    where: ['failed', 'condition'],
    means: 'The hook breaks a rule of its schema (it was stored before the rule, or past it).',
    todo: 'Correct the field that the message names.',
  },
  Forbidden: {
    where: ['failed', 'condition'],
    means: "The product's service account lacks a right that this step needs.",
    todo: 'Grant what the message names; docs/reference/permissions.md lists every right.',
  },
  SecretConflict: {
    where: ['condition'],
    means: 'The Secret that `token.secretName` names exists and does not belong to this hook.',
    todo: 'Choose another name, or delete that Secret; it is never read or changed.',
  },
  AuthSecretNotFound: {
    where: ['failed', 'condition'],
    means: 'The Secret that `auth` names is not there, or has nothing under a key that it needs.',
    todo: 'Create it, or correct `auth`. The hook becomes Ready by itself when the Secret appears.',
  },
  Valid: {
    where: ['condition'],
    means: 'The hook is in order and its URL is published.',
    todo: 'Nothing.',
  },
  UnknownToken: {
    where: ['refused'],
    means: 'The URL holds no token that this installation has signed.',
    todo: "Compare the URL with the hook's `status.triggerURL`; it may have been cut or changed.",
  },
  HookDeleted: {
    where: ['refused'],
    means: 'The hook of this URL was deleted. A new hook of the same name has another URL.',
    todo: "Use the new hook's URL.",
  },
  TokenRotated: {
    where: ['refused'],
    means: "The hook's URL was replaced by a newer one.",
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
    todo: 'Give the sender what is in the Secret of `auth`; docs/how-to/authenticate-senders.md shows how.',
  },
  MethodNotAllowed: {
    where: ['refused'],
    means: 'Only POST runs a hook.',
    todo: 'Send a POST.',
  },
  BodyTooLarge: {
    where: ['refused'],
    means: 'The body is larger than a delivery may be.',
    todo: 'Send less; no body is needed at all.',
  },
  BodyTooDeep: {
    where: ['refused'],
    means: 'The body is nested more deeply than any sender does.',
    todo: 'Send a flatter body, or none.',
  },
  BodyUnreadable: {
    where: ['refused'],
    means: 'The body did not arrive whole, or is compressed.',
    todo: 'Send it again, without Content-Encoding.',
  },
  BodyTooSlow: {
    where: ['refused'],
    means: 'The body did not arrive in time.',
    todo: 'Nothing: the sender tries again.',
  },
  BadQuery: {
    where: ['refused'],
    means: 'The query speaks of a dry run in a way that could be misread.',
    todo: 'Write `dryRun=true`, `dryRun=false` or nothing.',
  },
  NotReady: {
    where: ['refused'],
    means: 'The endpoint has not read the hooks and keys yet.',
    todo: 'Nothing: the sender tries again.',
  },
  ApiUnreachable: {
    where: ['unavailable', 'refused'],
    means: 'The API server cannot be reached.',
    todo: 'Nothing: the sender tries again.',
  },
  Contended: {
    where: ['unavailable', 'refused'],
    means: 'The target kept changing, or its queue was too long to finish in time.',
    todo: 'Nothing: the sender tries again.',
  },
  Overloaded: {
    where: ['unavailable', 'refused'],
    means: 'Too many deliveries are waiting.',
    todo: 'Nothing: the sender tries again.',
  },
  SigningKeysReplaced: {
    where: ['event'],
    means: 'The signing keys were lost and new ones were made, so every hook has a new URL.',
    todo: 'Give the new URLs to the senders, unless they read them from Secrets.',
  },
  SigningKeysUnreadable: {
    where: ['event'],
    means: 'The Secret of the signing keys holds something else. It is left alone, and no token is minted.',
    todo: 'Restore the Secret; or delete it, to have new keys and new URLs made.',
  },
} as const satisfies Record<string, ReasonText>

export type Reason = keyof typeof reasons

/** The reasons that can be given in a place. */
export type ReasonIn<P extends Place> = {
  [R in Reason]: P extends (typeof reasons)[R]['where'][number] ? R : never
}[Reason]

/** Whether a text that was read somewhere is a reason of this version's. */
export const isReason = (text: string): text is Reason => Object.hasOwn(reasons, text)
