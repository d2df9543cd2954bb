import type { Simulation } from '../simulation.ts'
import type { Rng } from '../seed.ts'
import { bringAccountsBack } from './accounts.ts'
import { resumeApprovals } from './approvals.ts'
import { wrong, type Wallet } from './credentials.ts'
import type { Fleet } from './fleet.ts'
import type { Installation } from './installation.ts'
import { endHolds } from './held.ts'
import { hooksPath } from './paths.ts'
import { bringServiceBack } from './passing.ts'
import type { PostTo } from './posting.ts'
import type { Board } from './published.ts'
import { giveWord, wordOf } from './secrets.ts'

/** Brings back what was stopped or taken away for a while. */
export const bringBack = (
  { rng, server, time }: Simulation,
  { acting, approving, asking, holding, hooks, passing, rolling, running }: Installation,
): void => {
  endHolds({ server, time }, holding)
  resumeApprovals(server, approving)
  if (acting) bringAccountsBack({ server })
  if (passing.length > 0) bringServiceBack(server)
  for (const hook of [...rolling, ...running])
    server.send('PATCH', `${hooksPath}/${hook}`, { spec: { suspend: false } })
  for (const hook of hooks) {
    server.send('PATCH', `${hooksPath}/${hook}`, { spec: { suspend: false } })
    if (asking && wordOf(server, hook) === '') giveWord(server, rng, hook)
  }
}

/** What is posted when all is well, and by what it can be. */
export interface LastPosts {
  readonly fleet: Fleet
  readonly hooks: readonly string[]
  readonly board: Board
  readonly wallet: Wallet
  readonly post: PostTo
}

/** Posts to each hook, by each trigger, with what senders have to show now. */
export const postToAll = ({ board, fleet, hooks, post, wallet }: LastPosts): void => {
  for (const member of fleet.members()) {
    if (!member.endpoint) continue
    for (const hook of hooks) {
      const published = board.of(hook).at(-1)
      if (!published) continue
      const delivery = `last ${hook} ${member.process.name}`
      const about = { hook, published, kind: 'plain', healed: true } as const
      void post({ ...about, proof: wallet.of(hook), delivery, event: delivery }, member)
    }
  }
}

/** Posts to the hooks that ask their senders for something: with that, with what it was before, and with something wrong. */
export const postWithWords = (rng: Rng, { board, fleet, hooks, post, wallet }: LastPosts): void => {
  const member = rng.pick(fleet.members().filter(({ endpoint }) => endpoint))
  for (const hook of hooks) {
    const published = board.of(hook).at(-1)
    const proof = wallet.of(hook)
    if (!published || !proof) continue
    const about = { hook, published, kind: 'plain', healed: true } as const
    const all = [proof, wallet.of(hook, 1), wrong(rng, wallet, hook, proof)]
    for (const [index, shown] of all.entries()) {
      const delivery = `last ${hook} shows ${index}`
      void post({ ...about, proof: shown, delivery, event: delivery }, member)
    }
  }
}

/** Posts by each trigger, with the URL that a hook has and with the one that it had before. */
export const postWithKeys = ({ board, fleet, hooks, post, wallet }: LastPosts): void => {
  for (const member of fleet.members()) {
    if (!member.endpoint) continue
    const hook = hooks[0] ?? ''
    for (const published of board.of(hook).slice(-2)) {
      const delivery = `last ${hook} ${member.process.name} by ${published.kid}`
      const about = { hook, published, proof: wallet.of(hook), kind: 'plain', healed: true } as const
      void post({ ...about, delivery, event: delivery }, member)
    }
  }
}
