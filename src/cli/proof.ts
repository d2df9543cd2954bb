import { createHmac } from 'node:crypto'
import { authOf } from '../api/auth.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { credentialsIn } from '../api/credentials.ts'
import { reasons } from '../api/reasons.ts'
import { read } from '../kube/requests.ts'
import { secrets } from '../kube/resources.ts'
import type { Cluster } from './cluster/cluster.ts'
import { patienceMs } from './cluster/hooks.ts'
import { CommandFailure } from './failure.ts'

/**
 * Makes the headers that a hook requires of a sender, from its Secret. The user must be allowed to
 * read the Secret.
 */
export const proofFor = async (
  { api }: Pick<Cluster, 'api'>,
  { metadata, spec }: ReceiverHook,
  body: string,
): Promise<Readonly<Record<string, string>>> => {
  const auth = authOf(spec.auth)
  if (auth === undefined) return {}
  if (auth.form === 'sns') {
    throw new CommandFailure(
      `this hook takes messages of ${auth.topicArn} alone, which Amazon signs: publish one with aws sns publish --topic-arn ${auth.topicArn} --message '{}'`,
      1,
    )
  }
  const secret = await read(api, secrets, metadata.namespace, auth.secret, { timeoutMs: patienceMs })
  const credentials = credentialsIn(secret, auth)
  if ('lacks' in credentials) {
    throw new CommandFailure(`${credentials.lacks}\n${reasons.AuthSecretNotFound.todo}`, 1)
  }
  switch (credentials.form) {
    case 'bearer':
      return { authorization: `Bearer ${credentials.token.toString()}` }
    case 'basic':
      return { authorization: `Basic ${credentials.userAndPassword.toString('base64')}` }
    case 'hmac': {
      const digits = createHmac('sha256', credentials.key).update(body).digest('hex')
      return { [credentials.header.toLowerCase()]: `${credentials.prefix}${digits}` }
    }
  }
}
