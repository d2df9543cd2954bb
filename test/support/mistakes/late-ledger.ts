import type { Ledger, openLedger } from '../../../src/record/ledger.ts'

/** Opens ledgers that store what is decided with the next write, a second later. */
export const lateLedger =
  (open: typeof openLedger): typeof openLedger =>
  (environment, owner, instance, dirtied) => {
    const ledger = open(environment, owner, instance, () => dirtied(late))
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
  }
