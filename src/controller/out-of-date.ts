import { isStatus } from '../kube/errors.ts'
import { outOfDate } from './queue.ts'

/**
 * Resolves with `outOfDate` if the cache is behind: the hook has another version or was deleted.
 */
export const orOutOfDate = async <T>(work: Promise<T>): Promise<T | typeof outOfDate> => {
  try {
    return await work
  } catch (error) {
    if (!isStatus(error, 409) && !isStatus(error, 404)) throw error
    return outOfDate
  }
}
