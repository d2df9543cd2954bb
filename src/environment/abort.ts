/** Settles as `promise` does, but rejects at once when `signal` is aborted, for what cannot be aborted itself. */
export const unlessAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason)
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted)
    // Also where it was aborted before: a failure that nobody handles would end the process.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
