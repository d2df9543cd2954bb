import type { Stage } from '../stage.ts'

/** Something that takes a POST and adds one to the count of a Deployment. */
export interface Contender {
  readonly name: string
  /** What it is called in tables. */
  readonly title: string
  /**
   * Prepares, once, what it needs for this Deployment. If a program is missing, throws an Error
   * that says how to get it.
   */
  readonly prepare: (stage: Stage, deployment: string) => Promise<Starter>
}

/** Starts it: at first, and again after it was killed. */
export type Starter = () => Promise<Receiver>

/** A receiver that runs. */
export interface Receiver {
  readonly pid: number
  /** Where posts go. It may be another one after the next start. */
  readonly url: string
  /** Ends it as the kernel ends a pod that has too much memory, with all that it has started. */
  readonly kill: () => Promise<void>
}
