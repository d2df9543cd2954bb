/**
 * A check of the process. The process is ready if all checks pass that are not advisory. The part
 * of the process that knows the answer provides the check.
 */
export interface Check {
  /**
   * The name of the check, unique in the process and in lower case: the role, a slash, the topic,
   * such as `trigger/hooks`.
   */
  readonly name: string
  /** True if a failure is only reported and the process stays ready. */
  readonly advisory?: true
  /** Returns undefined if the check passes. Otherwise a sentence that says what is wrong and what to do. */
  readonly failure: () => string | undefined
}

/**
 * Returns whether all checks pass, except those that are advisory, and the text of
 * `/readyz?verbose` in the format of kube-apiserver.
 */
export const verdictOf = (checks: readonly Check[]): { readonly passed: boolean; readonly report: string } => {
  const results = checks.map(({ advisory, failure, name }) => ({ advisory, name, why: failure() }))
  const passed = results.every(({ advisory, why }) => why === undefined || advisory)
  const lines = results.map(({ name, why }) => (why === undefined ? `[+]${name} ok` : `[-]${name} failed: ${why}`))
  return { passed, report: [...lines, `readyz check ${passed ? 'passed' : 'failed'}`, ''].join('\n') }
}
