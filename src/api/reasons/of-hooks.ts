import type { ReasonText } from './reason.ts'
import { pageURL } from '../site.ts'

/** What is wrong with a hook, its target, its account or its `auth`: mostly conditions. */
export const hookReasons = {
  WouldPassBound: {
    where: ['rejected'],
    means: 'The step would pass the bound, and the hook has `overshoot: reject`.',
    todo: 'Use a smaller `by`, another bound, or `overshoot: clamp`.',
  },
  TargetNotFound: {
    where: ['failed', 'condition'],
    means: "The target doesn't exist in the hook's namespace, or the cluster doesn't know its kind.",
    todo: 'Create it, or correct `target`. The hook becomes Ready by itself when the target appears.',
  },
  PoolNotFound: {
    where: ['failed', 'condition'],
    means: 'The Cluster that the hook names has no pool with that name.',
    todo: 'Correct `pool`. The message names the pools that exist.',
  },
  TargetBeingDeleted: {
    where: ['failed', 'condition'],
    means: 'The target is being deleted.',
    todo: 'Wait until the target is gone and create it again, or choose another target.',
  },
  NotScalable: {
    where: ['failed', 'condition'],
    means: 'The target has no count that a hook can change: its kind has none, or the API server would drop it.',
    todo: 'Use a Deployment, a StatefulSet, a ReplicaSet, a ReplicationController, a HorizontalPodAutoscaler, a ScaledObject or a custom resource that has `/scale`.',
  },
  OwnedByController: {
    where: ['failed', 'condition'],
    means: 'Another object controls the target, and would reset its count.',
    todo: 'Point the hook at the owner, as the message says.',
  },
  ManagedByAutoscaler: {
    where: ['failed', 'condition'],
    means: "An autoscaler sets the target's count, and would undo each step.",
    todo: "Do what the message says: a hook can change an autoscaler's bounds. Or remove one of the two.",
  },
  InvalidHook: {
    where: ['failed', 'condition'],
    means:
      "The hook breaks a rule of its schema. It was stored before that rule existed, or in a way that bypasses it. Or the API server can't read the hook's selector.",
    todo: 'Correct the field that the message names.',
  },
  Forbidden: {
    where: ['failed', 'condition'],
    means:
      "One of the product's service accounts lacks a right that this hook needs. Or an admission policy stops the trigger from changing anything in the hook's namespace.",
    todo: 'Do what the message says: run its command, or grant the right that it names. The hook is Ready within 20 seconds of that.',
  },
  AccountNotFound: {
    where: ['failed', 'condition'],
    means: "The service account in `serviceAccountName` doesn't exist or is being deleted. The hook does nothing.",
    todo: 'Create the account and give it the rights that its hooks need, or correct `serviceAccountName`. The hook becomes Ready by itself when the account appears.',
  },
  SecretConflict: {
    where: ['condition'],
    means: 'The Secret in `token.secretName` already exists and does not belong to this hook.',
    todo: 'Choose another name, or delete that Secret. The product never reads or changes it.',
  },
  SecretRefused: {
    where: ['condition'],
    means:
      'The API server refuses to store the Secret in `token.secretName`, because of an admission policy or a webhook, or because the Secret is immutable.',
    todo: 'Change the policy or webhook that the message names, delete the Secret if it is immutable, or remove `token.secretName`. The hook is Ready within about two minutes of that.',
  },
  FormerSecretKept: {
    where: ['event'],
    means:
      "The API server doesn't let the controller delete, or even see, a Secret that the hook no longer names, because of an admission policy, a webhook or a missing right. The hook works, but the URL in that Secret may work too.",
    todo: 'Delete the Secret, or fix what the message names: the controller tries again every few minutes. To revoke the URL in it, raise `token.rotation`. The condition `FormerSecretKept` stays until the Secret is gone and the controller can see that.',
  },
  StatusOutdated: {
    where: ['event'],
    means:
      "The controller can't check the hook or write its status, or something else writes the status too. The status may be outdated.",
    todo: 'Fix what the message names. The controller tries again.',
  },
  AuthSecretNotFound: {
    where: ['failed', 'condition'],
    means: 'The Secret in `auth` does not exist, or lacks a key that the hook needs.',
    todo: 'Create the Secret, or correct `auth`. The hook becomes Ready by itself when the Secret appears.',
  },
  AuthSecretInvalid: {
    where: ['failed', 'condition'],
    means: 'The Secret does not contain a valid Standard Webhooks key.',
    todo: 'Store the secret exactly as the sender shows it: `whsec_` or `whpk_` and Base64. The hook becomes Ready by itself.',
  },
  AuthSecretTooLarge: {
    where: ['failed', 'condition'],
    means: 'The Secret in `auth` is larger than 64 KiB.',
    todo: 'Put the credential into its own Secret, and name that in `auth`.',
  },
  IssuerNotAllowed: {
    where: ['failed', 'condition'],
    means: 'The installation does not accept tokens from the issuer in `auth.oidc`.',
    todo: 'Compare `auth.oidc.issuer` with the `iss` claim of a token. If they match, ask an administrator to do what the message says.',
  },
  IssuerUnavailable: {
    where: ['refused', 'condition'],
    means:
      "The trigger or the controller can't read the keys of an ID token issuer, so it can't verify that issuer's tokens.",
    todo: "Nothing, if the problem goes away and the sender retries. If it lasts, look in the message or the trigger's log for what is wrong, and let both roles reach the issuer. The hook becomes Ready by itself.",
  },
  AuthSecretWeak: {
    where: ['failed', 'condition'],
    means: "The Secret in `auth` has a value that could be guessed, and the hook's URL is not secret.",
    todo: 'Store a longer value, such as from `openssl rand -hex 32`, and give it to the sender. The hook becomes Ready by itself.',
  },
  TooLarge: {
    where: ['failed', 'condition'],
    means:
      "An object that the hook uses is too large for the product to read. Or the hook's selector matches more than 1,000 workloads.",
    todo: `Remove what is large in the object that the message names: annotations, long lists of environment variables. Narrow a selector that matches too many workloads. For the bounds, see ${pageURL('docs/reference/http.md#limits-of-objects')}.`,
  },
  Valid: {
    where: ['ready'],
    means: 'The hook is valid, and its URL is published. The message says where the URL is, and so who can read it.',
    todo: 'Nothing.',
  },
} as const satisfies Record<string, ReasonText>
