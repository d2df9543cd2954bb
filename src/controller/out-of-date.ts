import { isDenied, isStatus } from '../kube/errors.ts'
import { outOfDate } from './queue.ts'

/**
 * Resolves with the result of `work`, or with `outOfDate` if the cached hook is out of date: the
 * stored hook has another version or was deleted.
 */
export const orOutOfDate = async <T>(work: Promise<T>): Promise<T | typeof outOfDate> => {
  try {
    return await work
  } catch (error) {
    if (!isStatus(error, 409, 404) || isDenied(error)) throw error
    return outOfDate
  }
}
