import type { Ledger } from '../../src/record/ledger.ts'
import type { LiveHook } from '../../src/trigger/hook.ts'
import type { TriggerContext } from '../../src/trigger/request.ts'
import { contextOf } from '../support/deliveries.ts'

/** A hook in good order, whose driver must not be run. */
export const someHook: LiveHook = {
  namespace: 'shop',
  name: 'web-up',
  uid: 'uid-1',
  generation: 3,
  rotation: 1,
  hasNamedURL: false,
  overlapMs: 300_000,
  minted: { id: '0123456789ab', rotation: 1 },
  driver: 'scale',
  suspend: false,
  when: undefined,
  windows: undefined,
  onResolved: 'ignore',
  dedupeWindowMs: 40_000,
  cooldownMs: 0,
  approvalMs: undefined,
  limits: undefined,
  leasing: undefined,
  endsWithHook: false,
  endBefore: undefined,
  rateLimit: { perSecond: 100, burst: 1000 },
  account: undefined,
  auth: undefined,
  replayWindowMs: 0,
  problem: undefined,
  bound: {
    target: 'Deployment/web',
    object: undefined,
    worst: '',
    description: 'scale up by 1, to at most 10',
    driver: { name: 'scale', rights: { given: 'everywhere', trigger: [], author: [], keeps: [] } },
    needsOfAccount: [],
    needs: () => Promise.reject(new Error('a trigger asks for no rights')),
    validate: () => Promise.reject(new Error('a trigger validates nothing')),
    overruled: () => Promise.reject(new Error('a trigger validates nothing')),
    execute: () => Promise.reject(new Error('this test runs no driver')),
    undo: () => Promise.reject(new Error('this test takes nothing back')),
    look: undefined,
  },
}

/** All hooks act as the trigger. */
export const noAccounts = { of: () => undefined }

const never = () => {
  throw new Error('this test writes no record')
}

/** A record that must be neither read nor written. */
export const noLedger: Ledger = {
  owner: someHook,
  known: never,
  decide: never,
  later: never,
  note: never,
  amend: never,
  flush: never,
  dirty: false,
  storedAt: 0,
  idle: true,
  newer: undefined,
  rows: 0,
}

const delivery = { sender: 'plain', phase: 'none' } as const

/** Returns a post to the hook, without a body, that has four seconds. */
export const someContext = (): TriggerContext => ({
  ...contextOf({ deadline: 4000 }),
  by: undefined,
  hook: someHook,
  delivery,
  request: { method: 'POST', token: 't', source: '', query: new URLSearchParams(), headers: {} },
  message: { delivery, body: new Uint8Array(), isJson: false, proof: undefined, confirmation: undefined },
  isUnchanged: () => true,
  countKept: () => true,
})
