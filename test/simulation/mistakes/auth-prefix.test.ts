import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What a sender shows has to be right only as far as it goes.
vi.mock(import('../../../src/trigger/auth/shown.ts'), async original => {
  const real = await original()
  return {
    ...real,
    shownBy: (credentials, headers, now) => {
      if (credentials.form !== 'bearer') return real.shownBy(credentials, headers, now)
      const [, sent = ''] = /^Bearer +(.*)$/i.exec(headers['authorization'] ?? '') ?? []
      return credentials.tokens[0].toString('latin1').startsWith(sent) ? 0 : -1
    },
  }
})

isFound(import.meta.url)
