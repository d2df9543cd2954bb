import { BaseSequencer, type TestSpecification } from 'vitest/node'

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
  'test/playground/playground.test.ts',
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
  'test/examples/examples.test.ts',
]

const isDear = ({ moduleId }: TestSpecification): boolean =>
  moduleId.includes('/mistakes/') || dearest.some(file => moduleId.endsWith(file))

export class DearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(isDear), ...sorted.filter(file => !isDear(file))]
  }
}
