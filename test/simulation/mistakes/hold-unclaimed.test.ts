import { vi } from 'vitest'
import type { Ledger } from '../../../src/record/ledger.ts'
import { isFound } from './mistake.ts'

// Who holds a field is stored with the next write of the record, a second later, and not before the field is written.
vi.mock(import('../../../src/record/ledger.ts'), async original => {
  const real = await original()
  return {
    ...real,
    openLedger: (environment, owner, instance, dirtied) => {
      if (!owner.name.startsWith('hold-')) return real.openLedger(environment, owner, instance, dirtied)
      const ledger = real.openLedger(environment, owner, instance, () => dirtied(late))
      const late: Ledger = {
        owner,
        known: () => ledger.known(),
        later: update => ledger.later(update),
        note: delivery => ledger.note(delivery),
        amend: update => ledger.amend(update),
        flush: mayContinue => ledger.flush(mayContinue),
        get dirty() {
          return ledger.dirty
        },
        get storedAt() {
          return ledger.storedAt
        },
        get idle() {
          return ledger.idle
        },
        get newer() {
          return ledger.newer
        },
        get rows() {
          return ledger.rows
        },
        decide: async (judge, deciding) => {
          const known = ledger.known()
          if (!known) return await ledger.decide(judge, deciding)
          const draft = known.fork()
          const { result } = judge(draft, environment.clock.now())
          ledger.later(now => {
            const { counts, recent } = now.fields
            const copy = draft.fork()
            copy.set({ counts, recent })
            now.adopt(copy)
          })
          return { decided: 'stored', result }
        },
      }
      return late
    },
  }
})

isFound(import.meta.url)
