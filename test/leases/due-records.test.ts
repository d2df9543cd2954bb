import { expect, it } from 'vitest'
import { apiVersion } from '../../src/api/names.ts'
import { dueAnnotation, leasesLabel } from '../../src/api/record-due.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { DueRecords } from '../../src/leases/due-records.ts'
import { fakeClock } from '../support/clock.ts'
import { seededRandom } from '../support/random.ts'

const second = 1000

it('looks at a record again in time, although the wall clock has jumped back since it was stuck', async () => {
  const clock = fakeClock()
  const records = new DueRecords({ clock, random: seededRandom(1) }, () => undefined)
  const report = (resourceVersion: string, due: number): void =>
    records.take(
      {
        type: 'put',
        version: resourceVersion,
        object: {
          apiVersion,
          kind: 'ReceiverHookRecord',
          metadata: {
            name: 'web-up',
            uid: 'r1',
            namespace: 'shop',
            resourceVersion,
            labels: { [leasesLabel]: 'open' },
            annotations: { [dueAnnotation]: rfc3339(due) },
            ownerReferences: [{ apiVersion, kind: 'ReceiverHook', name: 'web-up', uid: 'u1' }],
          },
        },
      },
      clock.now(),
    )
  clock.jump(3600 * second)
  report('1', clock.now() - 5 * second)
  const [stuck] = records.dueAt(clock.now())
  if (!stuck) throw new Error('the record is due')
  records.looked(stuck, { due: undefined, again: 'stuck' })
  clock.jump(-3600 * second)
  report('2', clock.now() - 5 * second)
  expect(records.dueAt(clock.now())).toEqual([])
  await clock.advance(11 * second)
  expect(records.dueAt(clock.now())).toHaveLength(1)
})
