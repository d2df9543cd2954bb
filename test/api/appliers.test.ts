import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isObject, stringAt } from '../../src/api/json.ts'
import { hookKind } from '../../src/api/names.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { blocksIn, kindOf, nameOf, objectsIn } from '../deploy/manifests.ts'
import { applyAs } from '../support/apply.ts'
import { cluster } from '../support/product.ts'

const texts = [
  ...globSync('deploy/examples/**/*.yaml', { exclude: ['**/templates/**'] }).map(
    file => [file, readFileSync(file, 'utf8')] as const,
  ),
  ...globSync('docs/**/*.md').flatMap(page => blocksIn(page, 'yaml').map(text => [page, text] as const)),
].filter(([, text]) => text.includes(`kind: ${hookKind}\n`) && !text.includes('{{'))

const manifests = texts.flatMap(([file, text]) =>
  objectsIn(text)
    .filter(object => kindOf(object) === hookKind)
    .map((hook): [string, unknown] => [`${nameOf(hook)} of ${file}`, hook]),
)

it('the examples and the pages have hooks of every driver', () => {
  const drivers = new Set(manifests.map(([, hook]) => stringAt(hook, 'spec', 'driver')))
  expect(drivers).toEqual(new Set(['forward', 'redeploy', 'restart', 'runJob', 'scale', 'scaleNodes']))
})

it.each(manifests)('two appliers of %s have no conflict', async (_, hook) => {
  const here = await cluster()
  expect(await applyAs(here, 'kubectl', hook)).toEqual([201, ''])
  expect(await applyAs(here, 'flux', hook)).toEqual([200, ''])
  expect(await applyAs(here, 'kubectl', hook)).toEqual([200, ''])
})

it.each(manifests)('who applies %s server-side after a client-side apply has no conflict', async (_, hook) => {
  const here = await cluster()
  await create(here.api, hooks, here.namespace, { ...(isObject(hook) && hook), metadata: { name: nameOf(hook) } })
  expect(await applyAs(here, 'flux', hook)).toEqual([200, ''])
})
