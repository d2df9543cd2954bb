import { authOf } from '../../src/api/auth.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { credentialsIn } from '../../src/api/credentials.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { provingHeaders, type SignedPost } from '../../src/api/proof.ts'
import { reasons } from '../../src/api/reasons.ts'
import { read } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { shellWord } from '../snippets/shell-word.ts'
import type { Cluster } from './cluster.ts'
import { interactiveTimeoutMs } from './hooks.ts'
import { CommandFailure } from '../../src/commands/failure.ts'

/**
 * Makes the headers that a hook's `auth` requires of a post. They are made from the hook's Secret,
 * so the user must have the right to read the Secret. Throws if only the sender can make them.
 */
export const proofFor = async (
  { api }: Pick<Cluster, 'api'>,
  { metadata, spec }: ReceiverHook,
  post: SignedPost,
): Promise<Readonly<Record<string, string>>> => {
  const auth = authOf(spec.auth)
  if (auth === undefined) return {}
  if (auth.form === 'sns') {
    throw new CommandFailure(
      `this hook accepts only messages from ${auth.topicArn}, signed by Amazon: publish one with aws sns publish --topic-arn ${auth.topicArn} --message '{}'`,
      1,
    )
  }
  if (auth.form === 'oidc') {
    throw new CommandFailure(
      `this hook accepts only tokens from ${auth.issuer}, and only the sender gets one: let it post, or for a service account use curl with kubectl create token --audience ${shellWord(auth.audience)}`,
      1,
    )
  }
  const secret = await read(api, secrets, metadata.namespace, auth.secret, { timeoutMs: interactiveTimeoutMs })
  const credentials = credentialsIn(secret, auth, hasNamedURL(spec))
  if ('reason' in credentials) {
    throw new CommandFailure(`${credentials.message}\n${reasons[credentials.reason].todo}`, 1)
  }
  const headers = provingHeaders(credentials, post)
  if (headers) return headers
  throw new CommandFailure(
    `Secret/${auth.secret} has a public key: only the sender, who has the private one, can sign a post to this hook`,
    1,
  )
}
