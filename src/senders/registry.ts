import type { Delivery } from '../api/delivery.ts'
import { acr } from './acr.ts'
import { alertmanager } from './alertmanager.ts'
import { alibaba } from './alibaba.ts'
import { artifactRegistry } from './artifact-registry.ts'
import { azureMonitor } from './azure-monitor.ts'
import { cloudevents } from './cloudevents.ts'
import { datadog } from './datadog.ts'
import { distribution } from './distribution.ts'
import { dockerHub } from './docker-hub.ts'
import { ecr } from './ecr.ts'
import { flux } from './flux.ts'
import { gitea } from './gitea.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { grafana } from './grafana.ts'
import { harbor } from './harbor.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { hashedIfLong } from './identity.ts'
import { image } from './image.ts'
import { jfrog } from './jfrog.ts'
import { newRelic } from './new-relic.ts'
import { nexus } from './nexus.ts'
import { pagerduty } from './pagerduty.ts'
import { plain } from './plain.ts'
import { prometheus } from './prometheus.ts'
import { quay } from './quay.ts'
import type { Confirmation, Message, Proof, Sender, VerificationMeans, ProofVerdict } from './sender.ts'
import { sns } from './sns.ts'
import { uptimeKuma } from './uptime-kuma.ts'
import { zabbix } from './zabbix.ts'

/** All senders, the most specific first. To add one, add a file and a line here. */
export const senders: readonly Sender[] = [
  gitea,
  github,
  gitlab,
  nexus,
  sns,
  alertmanager,
  grafana,
  pagerduty,
  azureMonitor,
  datadog,
  newRelic,
  zabbix,
  uptimeKuma,
  prometheus,
  harbor,
  acr,
  cloudevents,
  flux,
  distribution,
  ecr,
  artifactRegistry,
  jfrog,
  quay,
  alibaba,
  dockerHub,
  image,
  plain,
]

/**
 * Returns the first sender that recognises a message. Pass it to the other functions, so that the
 * search runs only once.
 */
export const senderOf = (message: Message): Sender => senders.find(sender => sender.recognise(message)) ?? plain

/**
 * How many firing alerts of a group are distinguished. Further ones are left out. The record keeps
 * far fewer.
 */
const maxFiring = 1000

/**
 * Reads a message with the first sender that recognises it. A key in `Idempotency-Key` replaces the
 * sender's identity.
 */
export const deliveryOf = (message: Message, sender = senderOf(message)): Delivery => {
  const parsed = sender.parse(message)
  const named = idempotencyKey(message) ?? parsed.identity
  // Most messages have neither an identity nor a group. To copy the delivery would take as long as
  // to recognise the sender.
  if (!named && !parsed.group) return parsed
  const { group, identity: _, ...delivery } = parsed
  return {
    ...delivery,
    identity: named && { ...named, key: hashedIfLong(named.key) },
    group: group && {
      ...group,
      key: hashedIfLong(group.key),
      firing: group.firing.slice(0, maxFiring).map(hashedIfLong),
    },
  }
}

/** Returns the proof in a message, if its sender signs its posts. */
export const proofOf = (message: Message, sender = senderOf(message)): Proof | undefined => sender.proof?.(message)

/**
 * Verifies the proof in a message with the given sender. A message without one is accepted: the
 * URL's token is its proof. A proof that the sender does not verify is refused.
 */
export const verify = async (
  proof: Proof | undefined,
  sender: string,
  means: VerificationMeans,
): Promise<ProofVerdict> => {
  if (!proof) return 'genuine'
  const known = senders.find(({ name }) => name === sender)
  return (await known?.verify?.(proof, means)) ?? { refused: `${sender} signs nothing` }
}

/**
 * Returns the link that a person must open before the sender posts anything else. Show it only for
 * a genuine message.
 */
export const confirmationOf = (message: Message, sender = senderOf(message)): Confirmation | undefined =>
  sender.confirmation?.(message)
