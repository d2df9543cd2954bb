import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files of `npm test` that wait for long. They are begun first, so that their workers leave the processors to others. */
const waiting: readonly string[] = [
  'test/api/forward.test.ts',
  'test/api/run-job.test.ts',
  'test/api/wait.test.ts',
  'test/playground/playground.test.ts',
]

/**
 * The files that take longest. They are begun before all others: begun last, one of them would keep a worker busy while the
 * others have nothing left to do. Vitest itself goes by the times of an earlier run, which a fresh clone has not.
 */
export const dearest: readonly string[] = [
  'test/cluster/rights-taken.test.ts',
  'test/cluster/counts.test.ts',
  'test/cluster/current.test.ts',
  'test/cluster/rights.test.ts',
  'test/cluster/refusals.test.ts',
  'test/cluster/settled.test.ts',
  'test/cluster/loop/pair.test.ts',
  'test/cluster/loop/demo.test.ts',
  'test/cluster/faults.test.ts',
  'test/api/oidc.test.ts',
  'test/api/leases.test.ts',
  'test/api/auth-signed.test.ts',
  'test/api/snippets.test.ts',
  'test/trigger/budget.test.ts',
  'test/controller/publish.test.ts',
  'test/deploy/chart.test.ts',
  'test/api/named.test.ts',
  'test/api/when.test.ts',
  'test/api/command-line.test.ts',
  'test/api/senders.test.ts',
  'test/expressions/worker/process.test.ts',
  'test/acts/histories.test.ts',
  'test/exact/check.test.ts',
  'test/steps/exact.test.ts',
  'test/senders/never-throws.test.ts',
]

const isOneOf = ({ moduleId }: TestSpecification, files: readonly string[]): boolean =>
  files.some(file => moduleId.endsWith(file))

/** Returns the less, the earlier a file is begun. Planted mistakes never wait: they run while what is begun first does. */
const stageOf = (file: TestSpecification): number => {
  if (isOneOf(file, waiting)) return 0
  if (file.moduleId.includes('/mistakes/')) return 1
  return isOneOf(file, dearest) ? 2 : 3
}

export class DearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => stageOf(a) - stageOf(b))
  }
}
