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
    means: 'The target does not exist in the namespace of the hook, or the cluster does not know its kind.',
    todo: 'Create it, or correct `target`. The hook becomes Ready by itself when the target appears.',
  },
  PoolNotFound: {
    where: ['failed', 'condition'],
    means: 'The Cluster that the hook names has no pool of that name.',
    todo: 'Correct `pool`. The message names the pools that exist.',
  },
  TargetBeingDeleted: {
    where: ['failed', 'condition'],
    means: 'The target is being deleted.',
    todo: 'Wait until it is gone and create it again, or choose another target.',
  },
  NotScalable: {
    where: ['failed', 'condition'],
    means: 'The target has no count that a hook can change: its kind has none, or the API server would drop it.',
    todo: 'Use a Deployment, a StatefulSet, a ReplicaSet, a ReplicationController, a HorizontalPodAutoscaler, a ScaledObject or a custom resource that has `/scale`.',
  },
  OwnedByController: {
    where: ['failed', 'condition'],
    means: 'Another object controls the target, and would set its count back.',
    todo: 'Aim the hook at the owner, as the message says.',
  },
  ManagedByAutoscaler: {
    where: ['failed', 'condition'],
    means: 'An autoscaler sets the count of the target, and would undo each step.',
    todo: 'Do as the message says: a hook can change the bounds of an autoscaler. Or remove one of the two.',
  },
  InvalidHook: {
    where: ['failed', 'condition'],
    means:
      "The hook breaks a rule of its schema. It was stored before that rule existed, or in a way that avoids it. Or the API server cannot read the hook's selector.",
    todo: 'Correct the field that the message names.',
  },
  Forbidden: {
    where: ['failed', 'condition'],
    means:
      'A service account of the product lacks a right that this hook needs. Or an admission policy lets the trigger change nothing in the namespace of the hook.',
    todo: 'Do what the message says: run its command, or give the right that it names. The hook is Ready within 20 seconds after that.',
  },
  AccountNotFound: {
    where: ['failed', 'condition'],
    means: 'The service account in `serviceAccountName` does not exist or is being deleted. The hook does nothing.',
    todo: 'Create it and give it the rights that its hooks need, or correct `serviceAccountName`. The hook becomes Ready by itself when the account appears.',
  },
  SecretConflict: {
    where: ['condition'],
    means: 'The Secret that `token.secretName` names exists and does not belong to this hook.',
    todo: 'Choose another name, or delete that Secret. The product never reads or changes it.',
  },
  SecretRefused: {
    where: ['condition'],
    means:
      'The API server refuses to store the Secret in `token.secretName`, because of an admission policy or a webhook, or because the Secret is immutable.',
    todo: 'Change the policy or the webhook that the message names, delete the Secret if it is immutable, or remove `token.secretName`. The hook is Ready within about two minutes after that.',
  },
  FormerSecretKept: {
    where: ['event'],
    means:
      'The API server does not let the controller delete, or even see, a Secret that the hook no longer names, because of an admission policy, a webhook or a missing right. The hook works, but so may the URL in that Secret.',
    todo: 'Delete the Secret, or change what the message names: the controller tries again every few minutes. Raise `token.rotation` to revoke the URL in it. The condition `FormerSecretKept` lasts as long as the Secret, or until the controller may see that it is gone.',
  },
  StatusOutdated: {
    where: ['event'],
    means:
      'The controller cannot check the hook or write its status, or something else writes it too. The status may be outdated.',
    todo: 'Change what the message names. The controller tries again.',
  },
  AuthSecretNotFound: {
    where: ['failed', 'condition'],
    means: 'The Secret in `auth` does not exist, or lacks a key that the hook needs.',
    todo: 'Create it, or correct `auth`. The hook becomes Ready by itself when the Secret appears.',
  },
  AuthSecretInvalid: {
    where: ['failed', 'condition'],
    means: 'The Secret does not contain a valid Standard Webhooks key.',
    todo: 'Put the secret there as the sender shows it: `whsec_` or `whpk_` and Base64. The hook becomes Ready by itself.',
  },
  AuthSecretTooLarge: {
    where: ['failed', 'condition'],
    means: 'The Secret of `auth` is larger than 64 KiB.',
    todo: 'Put the credential into a Secret of its own, and name that in `auth`.',
  },
  IssuerNotAllowed: {
    where: ['failed', 'condition'],
    means: 'The installation does not accept tokens from the issuer in `auth.oidc`.',
    todo: 'Compare `auth.oidc.issuer` with the claim `iss` of a token. If they match, ask an administrator to do what the message says.',
  },
  IssuerUnavailable: {
    where: ['refused', 'condition'],
    means: 'The keys of an issuer of ID tokens cannot be read, so its tokens cannot be verified.',
    todo: "Nothing, if it passes and the sender tries again. If it lasts, look in the message or the trigger's log for what is wrong, and let both roles reach the issuer. The hook becomes Ready by itself.",
  },
  AuthSecretWeak: {
    where: ['failed', 'condition'],
    means: 'The Secret of `auth` has a value that could be guessed, and the URL of the hook is not secret.',
    todo: 'Put a longer value there, as `openssl rand -hex 32` makes it, and give it to the sender. The hook becomes Ready by itself.',
  },
  TooLarge: {
    where: ['failed', 'condition'],
    means:
      'An object that the hook uses is larger than the product reads. Or its selector matches more than 1,000 workloads.',
    todo: `Remove what is large in the object that the message names: annotations, long lists of environment variables. Narrow a selector that matches too many workloads. ${pageURL('docs/reference/http.md#limits-of-objects')} has the bounds.`,
  },
  Valid: {
    where: ['ready'],
    means: 'The hook is valid, and its URL is published. The message says where, and so who can read it.',
    todo: 'Nothing.',
  },
} as const satisfies Record<string, ReasonText>
