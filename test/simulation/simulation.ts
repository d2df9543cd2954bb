import type { ApiRequest, Environment } from '../../src/environment/environment.ts'
import type { ApiServers } from './api-servers.ts'
import type { Faults } from './faults.ts'
import type { Happened } from './happened.ts'
import type { SimulatedIssuer } from './issuer.ts'
import type { Rng } from './seed.ts'
import type { SimulatedServer } from './server.ts'
import type { VirtualTime } from './time.ts'

/** What everything in one history shares. */
export interface Simulation {
  readonly time: VirtualTime
  /** What is stored. */
  readonly server: SimulatedServer
  /** Through whom processes reach it. */
  readonly apiServers: ApiServers
  readonly rng: Rng
  /** Where hooks may ask for ID tokens: who signs them. */
  readonly issuer: SimulatedIssuer | undefined
  /** What goes wrong at this moment. */
  readonly faults: () => Faults
  /** The watches that have fallen silent for ever, and whose readers have not noticed. */
  readonly silent: Set<object>
  /** Takes note of the folds in a request that leaves a process. */
  readonly noteFolds: (process: string, request: ApiRequest) => void
  /** Takes note of what happens, now. */
  readonly note: (happened: WithoutTime<Happened>) => void
}

export type WithoutTime<T> = T extends { readonly at: number } ? Omit<T, 'at'> : never

/** One process of the product: an environment that can die. */
export interface SimulatedProcess {
  readonly name: string
  readonly environment: Environment
  readonly alive: boolean
  readonly frozen: boolean
  /** From now on its calls never settle, its timers never fire, and what it says goes nowhere. Nothing is thrown. */
  crash(): void
  /** Dies here by chance; answers whether it is dead. Asked wherever a crash makes a difference. */
  mayCrash(): boolean
  /** Runs something in this process, unless that is dead by then; while it is frozen, later. */
  after(ms: number, run: () => void): () => void
  /** Called at the end of the process, by a crash or in order. */
  onEnd(listener: () => void): void
  /** Ends in order: what it had to do is done. */
  end(): void
  jump(ms: number): void
  freeze(ms: number): void
}

/** When histories begin: some moment that is not at the turn of anything. */
const epochMs = Date.UTC(2026, 2, 14, 15, 9, 26)

export const wallClock = (time: Pick<VirtualTime, 'now'>): number => epochMs + time.now
