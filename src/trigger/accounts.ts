import { accountRights, type Accounts } from '../api/bind-command.ts'
import { tryParseJson } from '../api/json.ts'
import { isObjectName } from '../api/names.ts'
import type { Outcome } from '../api/outcome.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { actingAs, refusedAccount, unknownAccount, type AccountState, type Acting } from '../kube/acting.ts'
import { read } from '../kube/requests.ts'
import { serviceAccounts } from '../kube/resources.ts'
import { accessInWords, accessReview, isAllowed, type Need, type ServiceAccount } from '../kube/reviews.ts'
import { accountKeptMs, accountReadWithinMs, maxKeptAccounts } from './limits.ts'
import { RecentReads } from './recent-reads.ts'

/** The service accounts as which hooks act. */
export interface HookAccounts {
  /** Returns the account that a hook names. Undefined if the hook acts as the trigger. */
  of(hook: NamingAccount): Acting | undefined
  /**
   * Returns the outcome of a delivery whose hook's account may not act now, or lacks one of `needs`.
   * Undefined if nothing is known against it. Its other rights show at the driver's requests.
   */
  problem(hook: NamingAccount, needs: readonly Need[]): Promise<Outcome | undefined>
}

interface NamingAccount {
  readonly namespace: string
  /** The name of a service account in the hook's namespace. */
  readonly account: string | undefined
}

/**
 * Reads the accounts of hooks, as they were at most {@link accountKeptMs} ago. `accounts` are the
 * installation's own, for the command that grants a right.
 */
export const hookAccounts = ({ api, clock }: Pick<Environment, 'api' | 'clock'>, accounts: Accounts): HookAccounts => {
  const reads = new RecentReads<'there' | 'gone'>(clock, { forMs: accountKeptMs, most: maxKeptAccounts })
  const acting = new BoundedMap<string, Acting>(maxKeptAccounts)
  const options = { lane: 'step', timeoutMs: accountReadWithinMs, as: 'metadata' } as const

  const look = ({ name, namespace }: ServiceAccount): Promise<AccountState> => {
    // Of a hook that is older than the rule of its field, the text could name another user.
    if (!isObjectName(name)) return Promise.resolve('gone')
    return reads.of(`${namespace}/${name}`, async () => {
      const object = await read(api, serviceAccounts, namespace, name, options)
      return object && object.metadata.deletionTimestamp === undefined ? 'there' : 'gone'
    })
  }

  return {
    of: ({ account: name, namespace }) => {
      if (name === undefined) return undefined
      const key = `${namespace}/${name}`
      const account = { namespace, name }
      const made = acting.get(key) ?? { name, api: actingAs(api, account, () => look(account)) }
      acting.set(key, made)
      return made
    },
    problem: async ({ account: name, namespace }, needs) => {
      if (name === undefined) return undefined
      const account = { namespace, name }
      const state = await look(account)
      switch (state) {
        case 'there':
          return await lackedBy(
            actingAs(api, account, () => look(account)),
            account,
            needs,
          )
        case 'gone':
          return { outcome: 'failed', reason: 'AccountNotFound', message: refusedAccount(account, state) }
        case 'forbidden': {
          const command = accountRights(namespace, name, accounts)
          const message = `${refusedAccount(account, state)}. An administrator can allow it with: ${command}`
          return { outcome: 'failed', reason: 'Forbidden', message }
        }
        case 'unreachable':
          return { outcome: 'unavailable', reason: 'ApiUnreachable', message: unknownAccount(account) }
      }
    },
  }
}

/** Returns the outcome of a delivery whose account lacks a right, by asking as the account. */
const lackedBy = async (
  as: Pick<ApiConnection, 'request'>,
  { name, namespace }: ServiceAccount,
  needs: readonly Need[],
): Promise<Outcome | undefined> => {
  for (const { verbs, ...need } of needs) {
    for (const verb of verbs) {
      const access = { ...need, verb }
      const asking = { ...accessReview(namespace, access), lane: 'step', timeoutMs: accountReadWithinMs } as const
      const answer = await as.request(asking).catch(orUnreachable)
      if (answer === undefined || (answer.status !== 200 && answer.status !== 201)) {
        const message = `it is not known whether ServiceAccount/${name} may ${accessInWords(access)}`
        return { outcome: 'unavailable', reason: 'ApiUnreachable', message }
      }
      if (isAllowed(tryParseJson(answer.body))) continue
      const message = `the hook acts as ServiceAccount/${name}, which may not ${accessInWords(access)} in namespace ${namespace}`
      return { outcome: 'failed', reason: 'Forbidden', message }
    }
  }
  return undefined
}

/** Returns undefined for a request without an answer. Throws other errors again. */
const orUnreachable = (error: unknown): undefined => {
  if (!(error instanceof Unreachable)) throw error
}
