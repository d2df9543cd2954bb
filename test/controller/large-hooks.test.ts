import { expect, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { installation, shop } from './installation.ts'

const fat = { metadata: { annotations: { fat: 'x'.repeat(2_200_000) } } }

const readyOf = (hook: StoredObject): unknown => {
  const conditions = at(hook, 'status', 'conditions')
  return Array.isArray(conditions) ? conditions.find(condition => at(condition, 'type') === 'Ready') : undefined
}

test('a hook that is too large to be read says so, once, and no other hook suffers', async () => {
  const here = await installation()
  await here.createDeployment('web')
  await here.createHook('fat')
  await here.patchHook('fat', fat)
  await here.createHook('web')
  const process = here.start()
  expect(readyOf(await here.becomes('fat', 'TooLarge'))).toMatchObject({ status: 'False', reason: 'TooLarge' })
  expect(stringAt(readyOf(await here.becomes('web', 'Valid')), 'status')).toBe('True')
  const path = objectPath(hooks, shop, 'fat', 'status')
  await here.pass(600_000)
  expect(process.writes.filter(write => write.includes(path))).toHaveLength(1)
  expect(JSON.stringify(await here.hookEvents())).toContain('TooLarge')
  await process.stop()

  const next = here.start('next')
  await here.until(
    async () => next.ready(),
    ready => ready,
  )
  await here.pass(60_000)
  expect(next.writes.filter(write => write.includes(path))).toEqual([])

  await here.patchHook('fat', { metadata: { annotations: null } })
  expect(stringAt(readyOf(await here.becomes('fat', 'Valid')), 'status')).toBe('True')
})
