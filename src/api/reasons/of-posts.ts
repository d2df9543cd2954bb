import type { ReasonText } from './reason.ts'
import { pageURL } from '../site.ts'

/** Why a post is no delivery, or is not run now: its token, its body and the limits. The last ones are about keys. */
export const postReasons = {
  UnknownToken: {
    where: ['refused'],
    means: "This installation didn't sign the token.",
    todo: "Compare the URL with the hook's `status.triggerURL`, or the header `Authorization` with its `status.token`. The sender's copy may have been cut off or changed.",
  },
  HookDeleted: {
    where: ['refused'],
    means: 'The hook that had this URL was deleted. A new hook with the same name has a new URL.',
    todo: "Use the new hook's URL.",
  },
  RequestedHookGone: {
    where: ['refused'],
    means: 'There is no such hook, or it was created after the request.',
    todo: 'Look at the hook with `kubectl receiverhook get`, and make a new request.',
  },
  TooManyAwait: {
    where: ['refused', 'unavailable'],
    means: 'Too many requests to this hook are waiting for approval.',
    todo: 'Approve or deny some, then ask again.',
  },
  RequestTooOld: {
    where: ['refused'],
    means: 'No trigger answered the request within five minutes.',
    todo: "Check in the hook's status whether it ran. A new request with the same `key` never runs it a second time.",
  },
  TokenRotated: {
    where: ['refused'],
    means: 'The hook has a newer URL.',
    todo: "Use the hook's current URL.",
  },
  TokenExpired: {
    where: ['refused'],
    means: 'The URL has expired.',
    todo: "Use the hook's current URL.",
  },
  Unauthorized: {
    where: ['refused'],
    means: "The post doesn't contain the proof that the hook's `auth` asks for.",
    todo: `Give the sender the value from the Secret in \`auth\`, or post from the topic in \`auth.sns\`: ${pageURL('docs/how-to/authenticate-senders.md')} shows how. For \`auth.oidc\`, the trigger's log says what is wrong with the token.`,
  },
  Unproved: {
    where: ['refused'],
    means:
      "There is no hook with a named URL under this name, or the post doesn't contain the proof that the hook's `auth` asks for. The answer is the same in both cases.",
    todo: "Compare the URL with the hook's `status.endpoint`, and the credential that the sender uses with the one in the Secret of `auth`. The hook's conditions say if its Secret is missing, unreadable or too weak. For `auth.oidc`, the trigger's log says what is wrong with the token.",
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
    means: "The body is nested deeper than any known sender's.",
    todo: 'Send a flatter body, or none.',
  },
  BodyUnreadable: {
    where: ['refused'],
    means:
      'The body did not arrive whole, or it is not JSON although its Content-Type, or a "{" or "[" at its start, says so.',
    todo: 'Send all of it, as JSON in UTF-8. Or send text that begins with something else, without a JSON Content-Type.',
  },
  EncodingNotSupported: {
    where: ['refused'],
    means: 'The trigger cannot read this Content-Encoding.',
    todo: 'Use the Content-Encoding gzip or deflate, or none.',
  },
  BodyTooSlow: {
    where: ['refused'],
    means: 'The body did not arrive in time.',
    todo: 'Send the post again, unless its sender retries.',
  },
  BadQuery: {
    where: ['refused'],
    means: "The query's `dryRun`, `wait` or `reason` is invalid or ambiguous, so nothing was done.",
    todo: 'Write `dryRun=true`, `dryRun=false` or nothing; `wait=25s`, from 0s to 10m, or nothing; and `reason` with 1 to 64 printable characters. A dry run never waits.',
  },
  NotReady: {
    where: ['refused'],
    means: "The trigger hasn't read the hooks and keys yet.",
    todo: 'Send the post again, unless its sender retries.',
  },
  ApiUnreachable: {
    where: ['unavailable', 'refused', 'listed'],
    means: "The trigger can't reach the API server.",
    todo: 'Send the post again, unless its sender retries.',
  },
  InternalError: {
    where: ['unavailable'],
    means: 'The trigger failed because of a bug. Nothing was changed.',
    todo: "Report what the trigger's log says about it. Most senders try again.",
  },
  Contended: {
    where: ['unavailable', 'refused'],
    means:
      "The post ran out of time: the target kept changing, its queue was too long, or another delivery or an earlier write wasn't finished. Or the leases of an earlier hook with this name must end first. The message says which it was.",
    todo: 'Send the post again, unless its sender retries.',
  },
  RateLimited: {
    where: ['unavailable'],
    means: 'The hook got more posts than its `rateLimit` allows, or more than 1 MiB a second in bodies over 64 kB.',
    todo: 'Send the post again, unless its sender retries. If you expect that many posts, raise `rateLimit`.',
  },
  WritesLimited: {
    where: ['unavailable', 'event', 'listed'],
    means:
      "The hook's posts made the API server store more than one hook may: 8 MB at once, and 100 kB a second after that. Or they made 1,000 Jobs that still exist.",
    todo: 'Send the post again after Retry-After, unless its sender retries. If this keeps happening, send fewer posts, give repeats of a post the same idempotency key, or keep Jobs for a shorter time (`ttl`).',
  },
  RecordFull: {
    where: ['unavailable', 'event'],
    means:
      'The hook got more posts with an idempotency key than it can remember within `dedupeWindow` or `replayWindow`. Or it has leases on 16 objects, and the post would add one more.',
    todo: 'Send the post again, unless its sender retries: there is room once the oldest posts have left both windows, or a lease ends. If this keeps happening, shorten the windows, or send fewer posts.',
  },
  RecordTooNew: {
    where: ['unavailable'],
    means: "A later version of this program wrote the hook's record, and this one can't read it.",
    todo: 'Finish the upgrade, or go back to the later version. Until then this replica runs no posts with an idempotency key.',
  },
  Overloaded: {
    where: ['unavailable', 'refused'],
    means: 'Too many deliveries are waiting.',
    todo: 'Send the post again, unless its sender retries.',
  },
  PublicKeysRestored: {
    where: ['event'],
    means: 'Someone changed or deleted the ConfigMap with the public keys. The controller has written it again.',
    todo: 'Find out who can write it: with a key of their own in it, they could create URLs.',
  },
  SigningKeysReplaced: {
    where: ['event'],
    means: 'The signing keys were lost. The controller made new ones, so every hook has a new URL.',
    todo: 'Give the senders the new URLs, unless they read them from Secrets.',
  },
  SigningKeysUnreadable: {
    where: ['event'],
    means:
      'The Secret for the signing keys contains something else. The controller leaves it alone, and creates no URLs.',
    todo: 'Restore the Secret, or delete it: the controller then creates new keys and new URLs.',
  },
} as const satisfies Record<string, ReasonText>
