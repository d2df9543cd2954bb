import { at, parseJson } from '../../../src/api/json.ts'
import type { Simulation } from '../simulation.ts'
import type { SimulatedServer } from '../server.ts'
import type { Rng } from '../seed.ts'
import type { Actor } from './actor.ts'
import type { Installation } from './installation.ts'
import { accountsPath, hooksPath, shop } from './paths.ts'

/** The accounts as which hooks act. The last has no right to anything until all is well. */
const accounts = ['able', 'other', 'powerless'] as const

/** The user that an account is. */
export const userOf = (account: string): string => `system:serviceaccount:${shop}:${account}`

const makeAccount = (server: SimulatedServer, name: string): void =>
  void server.send('POST', accountsPath, { metadata: { name } })

/** Makes the accounts, and gives each its rights. */
export const makeAccounts = (server: SimulatedServer): void => {
  for (const name of accounts) {
    makeAccount(server, name)
    server.permit(userOf(name), name !== 'powerless')
  }
}

/** The account of a hook, if it is to have one. */
export const someAccount = (rng: Rng): string | undefined =>
  rng.chance(0.8) ? rng.pick([...accounts, 'able', 'other']) : undefined

/** People delete an account and make it again, take its rights for a while, or let a hook act as another one. */
export const changeAccounts =
  (server: SimulatedServer, { hooks }: Installation) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const name = rng.pick(accounts)
    const what = rng.int(0, 3)
    if (what === 0) {
      did(`deletes the account ${name}`)
      server.send('DELETE', `${accountsPath}/${name}`)
      await sleep(rng.int(100, 6000))
      did(`makes the account ${name} again`)
      return makeAccount(server, name)
    }
    if (what === 1 && name !== 'powerless') {
      did(`takes the rights of the account ${name}`)
      server.permit(userOf(name), false)
      await sleep(rng.int(100, 4000))
      did(`gives the account ${name} its rights`)
      return server.permit(userOf(name), true)
    }
    const hook = rng.pick(hooks)
    const before = at(parseJson(server.send('GET', `${hooksPath}/${hook}`).body), 'spec', 'serviceAccountName')
    const spec = { serviceAccountName: rng.pick([...accounts, 'able', 'other', null].filter(each => each !== before)) }
    const { status } = server.send('PATCH', `${hooksPath}/${hook}`, { spec })
    did(`edits ${hook} ${JSON.stringify(spec)}: ${status}`)
  }

/** Gives every account what it lacks. */
export const bringAccountsBack = ({ server }: Pick<Simulation, 'server'>): void => {
  for (const name of accounts) {
    makeAccount(server, name)
    server.permit(userOf(name), true)
  }
}
