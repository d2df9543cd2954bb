import { expect, it } from 'vitest'
import { apiVersion, dueAnnotation, leasesFinalizer, leasesLabel } from '../../src/api/names.ts'
import type { OwnerReference } from '../../src/api/object.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { DueRecords, type DueRecord } from '../../src/leases/due-records.ts'
import { fakeClock } from '../support/clock.ts'
import { seededRandom } from '../support/random.ts'

const second = 1000
const nobody = { hook: undefined, isReplaced: false }

/** Returns records of which one is reported in any number of versions. Its hook is unknown, as a deleted one is. */
const recordsOf = (finalizers: readonly string[] = []) => {
  const clock = fakeClock()
  const records = new DueRecords(
    { clock, random: seededRandom(1) },
    { known: () => undefined, isReplaced: () => false },
  )
  const report = (resourceVersion: string, due: number, hook = 'u1', more: readonly OwnerReference[] = []): void => {
    const metadata = {
      name: 'web-up',
      uid: 'r1',
      namespace: 'shop',
      resourceVersion,
      finalizers,
      labels: { [leasesLabel]: 'open' },
      annotations: { [dueAnnotation]: rfc3339(due) },
      ownerReferences: [...more, { apiVersion, kind: 'ReceiverHook', name: 'web-up', uid: hook }],
    }
    const object = { apiVersion, kind: 'ReceiverHookRecord', metadata }
    records.take({ type: 'put', version: resourceVersion, object }, clock.now())
  }
  const due = (): readonly DueRecord[] => records.dueAt(clock.now())
  const firstDue = (): DueRecord => {
    const [first] = due()
    if (!first) throw new Error('the record is due')
    return first
  }
  return { clock, due, firstDue, records, report }
}

it('looks at a record again in time, although the wall clock has jumped back since it was stuck', async () => {
  const { clock, due, firstDue, records, report } = recordsOf()
  clock.jump(3600 * second)
  report('1', clock.now() - 5 * second)
  records.looked(firstDue(), { due: undefined, again: 'stuck' }, nobody)
  clock.jump(-3600 * second)
  report('2', clock.now() - 5 * second)
  expect(due()).toEqual([])
  await clock.advance(11 * second)
  expect(due()).toHaveLength(1)
})

it('takes the hook of its name for the owner of a record, whatever else owns it', () => {
  const { clock, firstDue, report } = recordsOf()
  const others = [
    { apiVersion, kind: 'ReceiverHook', name: 'web-down', uid: 'u2' },
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'web-up', uid: 'u3' },
  ]
  report('1', clock.now() - 5 * second, 'u1', others)
  expect(firstDue().owner.uid).toBe('u1')
})

it('looks again at the record of a deleted hook that has changed after a look', () => {
  const { clock, due, firstDue, records, report } = recordsOf([leasesFinalizer])
  report('1', clock.now() + 10 * second)
  // A claim is too young to be looked at.
  records.looked(firstDue(), { due: clock.now() + 10 * second }, nobody)
  expect(due()).toEqual([])
  report('2', clock.now() + 3600 * second)
  records.looked(firstDue(), { due: undefined }, nobody)
  expect(due()).toEqual([])
})

it('looks again at the record of a deleted hook that has changed during a look', () => {
  const { clock, due, firstDue, records, report } = recordsOf([leasesFinalizer])
  report('1', clock.now() + 10 * second)
  const look = firstDue()
  report('2', clock.now() + 3600 * second)
  records.looked(look, { due: clock.now() + 10 * second }, nobody)
  records.looked(firstDue(), { due: undefined }, nobody)
  expect(due()).toEqual([])
})

it('looks at the record of a new hook that came while a look found the former one gone', () => {
  const { clock, due, firstDue, records, report } = recordsOf()
  report('1', clock.now() - 5 * second)
  const look = firstDue()
  report('2', clock.now() - 5 * second, 'u2')
  records.drop(look)
  expect(due().map(({ owner }) => owner.uid)).toEqual(['u2'])
})

it('waits with the record of a deleted hook of which something is stuck, also where each try changes it', async () => {
  const { clock, due, firstDue, records, report } = recordsOf([leasesFinalizer])
  report('1', clock.now())
  const look = firstDue()
  report('2', clock.now())
  records.looked(look, { due: undefined, again: 'stuck' }, nobody)
  report('3', clock.now())
  await clock.advance(5 * second)
  expect(due()).toEqual([])
  await clock.advance(6 * second)
  expect(due()).toHaveLength(1)
})

it('a record is looked at once, and not again and again, while what is known of its hook is behind', () => {
  const clock = fakeClock()
  const hook = { endBefore: clock.now() - 5 * second, endsWithHook: false }
  const records = new DueRecords({ clock, random: seededRandom(1) }, { known: () => hook, isReplaced: () => false })
  const metadata = {
    name: 'web-up',
    uid: 'r1',
    namespace: 'shop',
    resourceVersion: '1',
    labels: { [leasesLabel]: 'open' },
    annotations: { [dueAnnotation]: rfc3339(clock.now() + 3600 * second) },
    ownerReferences: [{ apiVersion, kind: 'ReceiverHook', name: 'web-up', uid: 'u1' }],
  }
  const object = { apiVersion, kind: 'ReceiverHookRecord', metadata }
  records.take({ type: 'put', version: '1', object }, clock.now())
  const [look] = records.dueAt(clock.now() + 5 * second)
  if (!look) throw new Error('the record is due')
  // The live read has found that somebody has taken the `endBefore` away.
  records.looked(look, { due: clock.now() + 3600 * second }, { hook, isReplaced: false })
  expect(records.dueAt(clock.now() + 5 * second)).toEqual([])
})

it('processes begin with other records each, where many are due at the same moment', () => {
  const clock = fakeClock()
  const hook = { endBefore: clock.now(), endsWithHook: false }
  const names = Array.from({ length: 200 }, (_, index) => `hook-${index}`)
  const beganWith = (seed: number): ReadonlySet<string> => {
    const records = new DueRecords(
      { clock, random: seededRandom(seed) },
      { known: () => hook, isReplaced: () => false },
    )
    for (const [index, name] of names.entries()) {
      const metadata = {
        ...{ name, uid: name, namespace: 'shop', resourceVersion: '1', labels: { [leasesLabel]: 'open' } },
        annotations: { [dueAnnotation]: rfc3339(clock.now() + (3600 + index) * second) },
        ownerReferences: [{ apiVersion, kind: 'ReceiverHook', name, uid: `u-${name}` }],
      }
      const object = { apiVersion, kind: 'ReceiverHookRecord', metadata }
      records.take({ type: 'put', version: '1', object }, clock.now())
    }
    const due = records.dueAt(clock.now() + 5 * second)
    expect(due).toHaveLength(names.length)
    return new Set(due.slice(0, 32).map(({ owner }) => owner.name))
  }
  // Of 200, five of 32 are the same by chance.
  const other = beganWith(2)
  expect([...beganWith(1)].filter(name => other.has(name)).length).toBeLessThan(16)
})

it('a list of one namespace leaves the records of the others', () => {
  const clock = fakeClock()
  const records = new DueRecords(
    { clock, random: seededRandom(1) },
    { known: () => undefined, isReplaced: () => false },
  )
  const recordIn = (namespace: string) => ({
    apiVersion,
    kind: 'ReceiverHookRecord',
    metadata: {
      ...{ name: 'web-up', uid: namespace, namespace, resourceVersion: '1' },
      labels: { [leasesLabel]: 'open' },
      annotations: { [dueAnnotation]: rfc3339(clock.now() - 60 * second) },
      ownerReferences: [{ apiVersion, kind: 'ReceiverHook', name: 'web-up', uid: namespace }],
    },
  })
  const listIn = (namespace: string, ...objects: readonly ReturnType<typeof recordIn>[]): void => {
    records.take({ type: 'list' }, clock.now(), namespace)
    records.take({ type: 'page', version: '1', objects, malformed: 0, bytes: 0 }, clock.now(), namespace)
    records.take({ type: 'listed', version: '1' }, clock.now(), namespace)
  }
  // Both lists are read at the same time.
  records.take({ type: 'list' }, clock.now(), 'yard')
  records.take({ type: 'page', version: '1', objects: [recordIn('yard')], malformed: 0, bytes: 0 }, clock.now(), 'yard')
  listIn('shop', recordIn('shop'))
  records.take({ type: 'listed', version: '1' }, clock.now(), 'yard')
  const due = (): readonly string[] => records.dueAt(clock.now()).map(({ owner }) => owner.namespace)
  expect(due().toSorted()).toEqual(['shop', 'yard'])
  listIn('yard')
  expect(due()).toEqual(['shop'])
})
