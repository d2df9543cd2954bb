import { waitAfter, type Backoff } from '../environment/backoff.ts'
import type { Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { ApiError, isStatus } from '../kube/errors.ts'
import { forbiddenTries } from '../kube/written.ts'

/** The waits before something is read again that is suddenly forbidden. They take less than a second. */
const again: Backoff = { firstMs: 50, maxMs: 400 }

/**
 * Reads something, and reads it again after a 403 if this process could read it before. An API server
 * that has just started refuses everyone until it has loaded its roles. No sender sends a post again
 * after the failure of that read. What was forbidden before gets its 403 at once: at a URL
 * with a name, the time must not reveal that there is a hook.
 */
export const onceAllowed = async <T>(clock: Clock, wasAllowed: boolean, read: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await read()
    } catch (error) {
      if (!wasAllowed || !isStatus(error, 403) || tries >= forbiddenTries) throw error
      await wait(clock, waitAfter(again, tries - 1))
    }
  }
}

/** Returns whether the error of a read says nothing about the object. */
export const saysNothing = (error: unknown): boolean => error instanceof ApiError || error instanceof Unreachable
