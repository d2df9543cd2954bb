/**
 * A condition for this process to be ready. The part that knows of the condition provides its
 * check.
 */
export interface Check {
  /** Unique in the process; in lower case, the role before a slash, as in `trigger/hooks`. */
  readonly name: string
  /** True where a failure is only reported: the process is ready all the same. */
  readonly advisory?: true
  /** Answers undefined while all is well, else one sentence that says what is wrong and what to do. */
  readonly failure: () => string | undefined
}

/** Whether no check fails, and a line for each of them in the form of a kube-apiserver's `/readyz?verbose`. */
export const verdictOf = (checks: readonly Check[]): { readonly passed: boolean; readonly report: string } => {
  const results = checks.map(({ advisory, failure, name }) => ({ advisory, name, why: failure() }))
  const passed = results.every(({ advisory, why }) => why === undefined || advisory)
  const lines = results.map(({ name, why }) => (why === undefined ? `[+]${name} ok` : `[-]${name} failed: ${why}`))
  return { passed, report: [...lines, `readyz check ${passed ? 'passed' : 'failed'}`, ''].join('\n') }
}
