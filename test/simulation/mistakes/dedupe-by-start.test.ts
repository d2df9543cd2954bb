import { vi } from 'vitest'
import { newest as newestOf } from '../../../src/senders/alerts.ts'
import { objectsAt } from '../../../src/api/json.ts'
import { isFound } from './mistake.ts'

// An alert is one delivery for as long as it began at the same moment, so that no repeat is another step.
vi.mock(import('../../../src/senders/alerts.ts'), async original => {
  const real = await original()
  return {
    ...real,
    deliveryOfAlerts: (sender, body) => {
      const { identity, ...delivery } = real.deliveryOfAlerts(sender, body)
      const newsAt = newestOf(objectsAt(body, 'alerts'), 'startsAt')
      return {
        ...delivery,
        identity: { key: identity?.key ?? '', ...(newsAt === undefined ? {} : { newsAt }) },
      }
    },
  }
})

isFound(import.meta.url)
