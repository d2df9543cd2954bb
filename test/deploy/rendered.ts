import { expect } from 'vitest'
import { at, isObject } from '../../src/api/json.ts'
import { chart, helm, withImage } from '../support/helm.ts'
import { objectsIn } from './manifests.ts'

/** What the chart makes of values. Each run of helm takes half a second. */
const renderings = new Map<string, Promise<readonly unknown[]>>()

/** Returns what the chart makes of values such as `trigger.replicas=3`, hooks of Helm's own left out. */
export const rendered = (...values: readonly string[]): Promise<readonly unknown[]> => {
  const known = renderings.get(values.join())
  const made = known ?? render(values)
  renderings.set(values.join(), made)
  return made
}

const render = async (values: readonly string[]): Promise<readonly unknown[]> => {
  const sets = values.flatMap(value => ['--set', value])
  const { code, stderr, stdout } = await helm(
    ...['template', 'receiver-hooks', chart, '-n', 'receiver-hooks', ...withImage, ...sets],
  )
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return objectsIn(stdout).filter(
    object => isObject(object) && at(object, 'metadata', 'annotations', 'helm.sh/hook') === undefined,
  )
}
