/** How many requests a command makes at the same time, of those that it makes for each hook. */
const atOnce = 16

/** Does work for each item, in their order, for a few at the same time. Rejects as the first work that fails. */
export const forEachOf = async <T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  stop?: AbortSignal,
): Promise<void> => {
  const left = items.values()
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (stop?.aborted) return
      await work(item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
