/**
 * Runs parts until all have ended. If one fails, the others are stopped. Rejects with its error, once all have
 * ended.
 */
export const together = async (
  stop: AbortSignal,
  parts: readonly ((stop: AbortSignal) => Promise<void>)[],
): Promise<void> => {
  const failed = new AbortController()
  const either = AbortSignal.any([stop, failed.signal])
  const running = parts.map(async part => {
    try {
      await part(either)
    } catch (error) {
      failed.abort()
      throw error
    }
  })
  await Promise.allSettled(running)
  await Promise.all(running)
}
