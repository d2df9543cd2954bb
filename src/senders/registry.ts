import type { Delivery } from '../api/delivery.ts'
import { alertmanager } from './alertmanager.ts'
import { azureMonitor } from './azure-monitor.ts'
import { cloudevents } from './cloudevents.ts'
import { datadog } from './datadog.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { grafana } from './grafana.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { newRelic } from './new-relic.ts'
import { pagerduty } from './pagerduty.ts'
import { plain } from './plain.ts'
import { prometheus } from './prometheus.ts'
import type { Confirmation, Message, Sender, VerificationMeans, Verdict } from './sender.ts'
import { sns } from './sns.ts'
import { uptimeKuma } from './uptime-kuma.ts'
import { zabbix } from './zabbix.ts'

/** Every sender, the most particular first. Adding one is a file and a line here. */
export const senders: readonly Sender[] = [
  github,
  gitlab,
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
  cloudevents,
  plain,
]

/** The first sender that recognises a message. What is asked of a message next takes it, so that it is looked for once. */
export const senderOf = (message: Message): Sender => senders.find(sender => sender.recognise(message)) ?? plain

/** What a message says, read by the first sender that recognises it, and named as whoever posts it wishes. */
export const deliveryOf = (message: Message, sender = senderOf(message)): Delivery => {
  const delivery = sender.parse(message)
  const identity = idempotencyKey(message)
  return identity ? { ...delivery, identity } : delivery
}

/** Whether a message is what it says it is. Senders that sign nothing are believed: the URL's token is their proof. */
export const verify = async (
  message: Message,
  means: VerificationMeans,
  sender = senderOf(message),
): Promise<Verdict> => (await sender.verify?.(message, means)) ?? 'genuine'

/** The link that a person has to open before a message's sender posts anything else. To be shown only when it is genuine. */
export const confirmationOf = (message: Message, sender = senderOf(message)): Confirmation | undefined =>
  sender.confirmation?.(message)
