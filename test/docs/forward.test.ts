import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { violations } from '../../src/api/guard.ts'
import { at } from '../../src/api/json.ts'
import { withDefaults } from '../../cli/spec/defaults.ts'
import { maxHops } from '../../src/drivers/forward/request.ts'
import { forwardSchema, neverPasses } from '../../src/drivers/forward/schema.ts'
import { hookSpecSchema } from '../../src/drivers/schemas.ts'
import { blockWith, kindOf, listAt, nameOf, objectsIn } from '../deploy/manifests.ts'
import { chart, helm, withImage } from '../support/helm.ts'

const file = 'docs/how-to/forward.md'
const page = readFileSync(file, 'utf8').replaceAll(/\s+/g, ' ')

it('the page and the example have one hook, which the schema takes', () => {
  const spec: unknown = at(parse(blockWith(file, 'yaml', 'kind: ReceiverHook')), 'spec')
  expect(at(parse(readFileSync('deploy/examples/forward.yaml', 'utf8')), 'spec')).toEqual(spec)
  expect([...violations(hookSpecSchema, withDefaults(hookSpecSchema, spec), 'spec')]).toEqual([])
})

it('the page names what never passes, the times and the bounds as they are', () => {
  const [, list = ''] = /These never reach it: (.*?)\. The API server refuses/.exec(page) ?? []
  const headers = [...list.matchAll(/`([A-Z][\w-]+)(\*?)`/g)].map(([, name = '', star]) => (star ? `${name}for` : name))
  expect(headers).toEqual([
    ...['Authorization', 'Host', 'Content-for', 'Idempotency-Key', 'Receiver-Hookfor'],
    ...['Forwarded', 'Via', 'X-Forwarded-for', 'X-Real-IP', 'Expect'],
  ])
  expect(headers.filter(name => !neverPasses(name.toLowerCase()))).toEqual([])
  expect(forwardSchema.properties.timeout.default).toBe('2s')
  expect(page).toContain('2 seconds by default, 3 seconds at most')
  expect(maxHops).toBe(4)
  expect(page).toContain('the fifth refuses it with `TooManyHops`')
})

it("the page's values let the trigger reach the pods of the Service, and no other port of theirs", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'receiver-hooks-values-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const values = join(folder, 'values.yaml')
  writeFileSync(values, blockWith(file, 'yaml', 'extraEgress'))
  const { stderr, stdout } = await helm('template', 'receiver-hooks', chart, ...withImage, '-f', values)
  expect(stderr).toBe('')
  const policy = objectsIn(stdout).find(
    object => kindOf(object) === 'NetworkPolicy' && nameOf(object) === 'receiver-hooks-trigger',
  )
  expect(listAt(policy, 'spec', 'egress').at(-1)).toEqual({
    to: [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
        podSelector: { matchLabels: { app: 'jenkins' } },
      },
    ],
    ports: [{ port: 8080 }],
  })
})
