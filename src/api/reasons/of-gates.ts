import type { ReasonText } from './reason.ts'

/** Why a delivery is not run: by a gate, by the record, or because its message is not to be believed. */
export const gateReasons = {
  Suspended: {
    where: ['skipped', 'ready'],
    means: 'The hook has `suspend: true`.',
    todo: 'Set `suspend: false` to let deliveries run again.',
  },
  AwaitingApproval: {
    where: ['awaiting', 'event'],
    means: 'The hook has `approval`, and this change needs the approval of another person. Nothing was changed.',
    todo: 'Ask someone who has the verb `approve` on the hook: `kubectl receiverhook pending` shows what is waiting.',
  },
  TooLargeToApprove: {
    where: ['failed'],
    means:
      'The hook has `approval`, and the post, or what it would change, is too large to be kept or shown until someone approves it. Nothing was changed.',
    todo: 'Send at most 16 KiB, or let the hook reach fewer workloads.',
  },
  ApprovalUnguarded: {
    where: ['failed', 'condition'],
    means:
      "The hook has `approval`, but nothing enforces who approves: requests are off, or their admission policies aren't in force.",
    todo: "Switch requests on, which installs the admission policies: the chart's `requests.enabled=true`. Or remove `approval`.",
  },
  Denied: {
    where: ['skipped'],
    means: 'Someone denied the request. Nothing was changed.',
    todo: "Look at the request's `spec.decision`: it says who denied it, and perhaps why.",
  },
  NotApproved: {
    where: ['skipped'],
    means: 'Nobody approved the request in time. Nothing was changed.',
    todo: 'Make a new request, and show it to someone who can approve it.',
  },
  EffectChanged: {
    where: ['skipped'],
    means: 'The request would now do something other than what was shown or approved. Nothing was changed.',
    todo: 'Look at the hook and its target, and make a new request.',
  },
  Stopped: {
    where: ['unavailable'],
    means: 'All hooks of this installation are stopped. Nothing was changed.',
    todo: 'Send it again later. To end the stop, an administrator runs `kubectl receiverhook start`.',
  },
  Halted: {
    where: ['listed'],
    means:
      'The hook was suspended, edited or deleted, or all hooks were stopped, while it was rolling out workloads, creating a Job or forwarding a post. So it ended early. The message says how far it got.',
    todo: 'To finish the rest, let the hook run again and send the same post again. Otherwise check what was done.',
  },
  HistoryWentBack: {
    where: ['refused'],
    means: "The cluster's etcd was restored from a snapshot, so this trigger restarts. Nothing was changed.",
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
    todo: 'Nothing. `opensAt` in the answer says when posts count again. If the delivery should count now, change `windows`.',
  },
  UnknownZone: {
    where: ['failed', 'condition'],
    means: "The time zone in `windows.zone` isn't in this version's time zone database.",
    todo: "Use the zone's IANA name, such as `Europe/Berlin`. If the zone was renamed, use its new name.",
  },
  ExpressionFailed: {
    where: ['failed'],
    means: 'The expression in `when` failed on this delivery, or returned something other than true or false.',
    todo: 'Use `has()` for members that may be missing. The message names the one that was missing.',
  },
  ExpressionTooSlow: {
    where: ['failed'],
    means: 'The expression in `when` used too much time or memory.',
    todo: 'Write a simpler expression, with fewer loops over lists in the body.',
  },
  ExpressionBusy: {
    where: ['unavailable'],
    means:
      'There was no time to evaluate the expression in `when`, or it must wait because it exceeded its budget before.',
    todo: 'Send the post again, unless its sender retries. If the hook had ExpressionTooSlow before, write a simpler expression.',
  },
  InvalidExpression: {
    where: ['failed', 'condition'],
    means: 'The expression in `when` does not compile, uses an unknown name, or takes too long to check.',
    todo: 'Fix the expression at the position that the message names, or use fewer brackets and operators.',
  },
  Resolved: {
    where: ['skipped'],
    means:
      'The alert has ended, and the hook has `onResolved: ignore`. Or the post says that the alert began, but arrived after the post about its end.',
    todo: 'Nothing. If the end of an alert should run the hook, set `onResolved: run`.',
  },
  PartlyResolved: {
    where: ['skipped'],
    means: 'Some alerts of the group have ended, and no new one is firing.',
    todo: 'Nothing. There is no step while other alerts of the group are still firing.',
  },
  Duplicate: {
    where: ['skipped'],
    means:
      'The hook has already seen this idempotency key or this signed body. The sender, or a second instance of it, sent the delivery again.',
    todo: 'Nothing. If a repeat should be a new step, set a shorter `dedupeWindow`, or a shorter `replayWindow` in `auth`.',
  },
  KeyReused: {
    where: ['failed'],
    means: 'An earlier delivery with another body used this idempotency key.',
    todo: 'Give each delivery its own key. To ask for the outcome of an earlier one, send its key without a body.',
  },
  CoolingDown: {
    where: ['skipped'],
    means: 'The hook has just run, and its `cooldown` has not ended yet.',
    todo: 'Nothing. If steps should follow sooner, set a shorter `cooldown`.',
  },
  LimitReached: {
    where: ['skipped', 'event'],
    means: 'The hook has reached one of its `limits`.',
    todo: 'Nothing. `opensAt` in the answer says when posts count again. To allow more, raise the limit.',
  },
  OutcomeUnknown: {
    where: ['skipped', 'event'],
    means: "The API server no longer has the history that shows whether the step was made. The hook doesn't repeat it.",
    todo: "Check the target's count, and set it by hand if the step is missing, or if one of the hook's leases should have ended.",
  },
  NoNews: {
    where: ['skipped'],
    means: 'This message needs no action: it is a ping, a handshake, an acknowledgement or an unknown state.',
    todo: 'Nothing.',
  },
  NotGenuine: {
    where: ['refused'],
    means: 'The message has no valid signature from its sender.',
    todo: 'Find out who posted it. The log of the supposed sender shows whether it did.',
  },
  NotVerified: {
    where: ['refused'],
    means: "The trigger couldn't fetch the certificate that it needs to verify the message.",
    todo: 'Send the post again, unless its sender retries. If this keeps happening, let the trigger reach the host that serves the certificate.',
  },
  SubscriptionToConfirm: {
    where: ['event'],
    means: 'A sender asks whether it may post to this hook, or reports that its subscription has ended.',
    todo: 'If the sender may post, open the link in the Event. The product never opens it.',
  },
} as const satisfies Record<string, ReasonText>
