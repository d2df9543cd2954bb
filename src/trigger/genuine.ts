import type { Environment } from '../environment/environment.ts'
import { fetchedCertificates } from '../senders/certificates.ts'
import { verify } from '../senders/registry.ts'
import type { LiveHook } from './hook.ts'
import type { ReadMessage } from './reading/message.ts'

/**
 * Verifies the sender's signature of a message to a hook, and logs why it is not genuine.
 * `unavailable`: the signature cannot be verified now.
 */
export type CheckGenuine = (hook: LiveHook, message: ReadMessage) => Promise<'genuine' | 'refused' | 'unavailable'>

export const genuineCheck = ({
  clock,
  log,
  outbound,
}: Pick<Environment, 'clock' | 'log' | 'outbound'>): CheckGenuine => {
  const certificates = fetchedCertificates({ clock, outbound })
  return async (hook, { delivery, proof }) => {
    const verdict = await verify(proof, delivery.sender, { clock, certificates: certificates(hook.namespace) })
    if (verdict === 'genuine') return verdict
    log.warn({ namespace: hook.namespace, hook: hook.name, ...verdict }, "a message's sender is not proven")
    return 'refused' in verdict ? 'refused' : 'unavailable'
  }
}
