import { vi } from 'vitest'
import { stringAt } from '../../../src/api/json.ts'
import { isFound } from './mistake.ts'

// A repeat of an alert is another delivery than the first notification, so it counts within the window.
vi.mock(import('../../../src/senders/alerts.ts'), async original => {
  const real = await original()
  return {
    ...real,
    deliveryOfAlerts: (sender, body) => {
      const delivery = real.deliveryOfAlerts(sender, body)
      const { identity } = delivery
      if (!identity) return delivery
      return { ...delivery, identity: { ...identity, key: `${identity.key} ${stringAt(body, 'notification_reason')}` } }
    },
  }
})

isFound(import.meta.url)
