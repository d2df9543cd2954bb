import { describe, expect, it } from 'vitest'
import { violations } from '../../../src/api/guard.ts'
import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { createApiServer } from '../../../apiserver/server.ts'
import { putChosen, putKeeping } from '../../../dashboard/page/form/choice.ts'
import { cloneSpec, freeName, oppositeOf } from '../../../dashboard/page/form/clone.ts'
import { labelAt, problemOf } from '../../../dashboard/page/form/labels.ts'
import { listOfLines, pairsOfLines, textOfLines } from '../../../dashboard/page/form/lines-text.ts'
import { stairs } from '../../../dashboard/page/form/stairs.ts'
import { filledIn, isWithin, putAt, same, valueAt, written, writtenSpec } from '../../../dashboard/page/form/value.ts'
import {
  choiceOf,
  helpOf,
  isMain,
  isOffered,
  labelOf,
  requiredOf,
  schemaAt,
  widgetOf,
} from '../../../dashboard/page/form/widget.ts'
import { crd } from '../../../src/drivers/registry.ts'
import { declarations, hookSpecSchema } from '../../../src/drivers/schemas.ts'
import type { Schema } from '../../../src/api/schema.ts'
import { fakeClock } from '../../support/clock.ts'
import { fc, property } from '../../support/property.ts'
import { seededRandom } from '../../support/random.ts'

const server = createApiServer({ clock: fakeClock(), random: seededRandom(1) })
const post = (path: string, body: object, query = {}) =>
  server.handle({ method: 'POST', path, query, contentType: 'application/json', body: JSON.stringify(body) })
post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)

const dryRun = (spec: object): number =>
  post(
    `/apis/${apiVersion}/namespaces/default/receiverhooks`,
    { apiVersion, kind: hookKind, metadata: { name: 'tried' }, spec },
    { dryRun: 'All', fieldValidation: 'Strict' },
  ).status

/** What a person may leave a form with: much of it right, some of it not. */
const scale = fc.record(
  {
    target: fc.record(
      { name: fc.constantFrom('web', 'Web', 'a-'), kind: fc.constantFrom('Deployment', 'StatefulSet') },
      { requiredKeys: ['name'] },
    ),
    action: fc.constantFrom('up', 'down'),
    by: fc.constantFrom(1, 3, '25%', 0, '0%', 'x'),
    min: fc.constantFrom(0, 1, 5, -1),
    max: fc.constantFrom(1, 10, 0),
    overshoot: fc.constantFrom('clamp', 'reject'),
  },
  { requiredKeys: [] },
)
const form = fc.record(
  {
    driver: fc.constant('scale'),
    scale,
    suspend: fc.boolean(),
    onResolved: fc.constantFrom('ignore', 'undo'),
    cooldown: fc.constantFrom('0s', '1m', '25h', 'soon'),
    token: fc.record(
      { overlap: fc.constantFrom('5m', '0s', 'x'), secretName: fc.constantFrom('url', 'No') },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['driver', 'scale'] },
)

describe('the form', () => {
  property('takes for wrong what the API server refuses, and nothing else', [form], value => {
    const spec = writtenSpec(hookSpecSchema, value)
    const wrong = violations(hookSpecSchema, filledIn(hookSpecSchema, spec), 'spec')
    expect([wrong.length === 0, wrong]).toEqual([dryRun(spec) === 201, wrong])
  })

  property('writes no default, and loses nothing', [form], value => {
    const short = written(hookSpecSchema, value)
    expect(same(filledIn(hookSpecSchema, short), filledIn(hookSpecSchema, value))).toBe(true)
    expect(written(hookSpecSchema, filledIn(hookSpecSchema, value))).toEqual(short)
  })

  const path = fc
    .array(fc.constantFrom('a', 'b', '[0]'), { minLength: 1, maxLength: 3 })
    .filter(parts => parts[0] !== '[0]')
  property('reads at a path what was put there', [path, fc.integer()], (parts, value) => {
    const put = putAt({ kept: true }, parts, value)
    expect(valueAt(put, parts)).toBe(value)
    expect(valueAt(put, ['kept'])).toBe(true)
  })

  it('leaves no empty objects behind', () => {
    expect(putAt({ token: { secretName: 'x' }, driver: 'scale' }, ['token', 'secretName'], undefined)).toEqual({
      driver: 'scale',
    })
    expect(putAt({ list: [{ a: 1 }] }, ['list', '[0]'], undefined)).toEqual({})
  })
})

describe('an error', () => {
  it.each([
    ['spec.when', true],
    ['spec.when.text', true],
    ['spec.when[0]', true],
    ['spec.when[0].text', true],
    ['spec.whenever', false],
    ['spec', false],
  ])('at %s belongs to the field spec.when: %s', (fault, belongs) => {
    expect(isWithin(fault, 'spec.when')).toBe(belongs)
  })
})

const every = (schema: Schema, path: readonly string[] = []): readonly (readonly [string, Schema])[] => [
  [path.join('.'), schema],
  ...('properties' in schema
    ? Object.entries(schema.properties).flatMap(([name, member]) => every(member, [...path, name]))
    : []),
  ...('items' in schema ? every(schema.items, [...path, '[0]']) : []),
]

describe('a control', () => {
  it('is there for every field of every driver, and has a label', () => {
    const kinds = every(hookSpecSchema).map(([path, schema]) => ({
      path,
      kind: widgetOf(schema).kind,
      label: labelOf(path.split('.').at(-1) ?? '', schema),
    }))
    expect(kinds.length).toBeGreaterThan(30)
    const unlabelled = kinds.filter(({ label, path }) => path !== '' && label === '')
    expect(unlabelled).toEqual([])
    const written = kinds.filter(({ kind }) => kind === 'json').map(({ path }) => path)
    // Only what has no members that are known is written as JSON.
    expect(written.every(path => path !== '' && !path.startsWith('scale.'))).toBe(true)
  })

  it('is called by a title, and by none that its neighbour has', () => {
    const named = every(hookSpecSchema).filter(([path, { title }]) => !/^$|\[0\]$/.test(path) && title === undefined)
    // The members of `spec` that drivers have are called by the title of the driver.
    expect(named.map(([path]) => path)).toEqual(declarations.map(({ name }) => name))
    for (const [path, schema] of every(hookSpecSchema)) {
      if (!('properties' in schema)) continue
      const titles = Object.values(schema.properties).flatMap(({ title }) => title ?? [])
      expect([path, titles.filter((title, index) => titles.indexOf(title) !== index)]).toEqual([path, []])
    }
  })

  it.each(declarations.map(declaration => [declaration.name, declaration] as const))(
    'of %s is in sight where it must be set',
    (_name, declaration) => {
      const { schema } = declaration
      const needed = [...requiredOf(schema, { action: 'up' }), ...(choiceOf(schema)?.of ?? [])]
      expect(needed.filter(name => !isMain(name, declaration, requiredOf(schema, { action: 'up' })))).toEqual([])
      const known: readonly string[] = Object.keys(schema.properties)
      expect(declaration.asked.filter(name => !known.includes(name))).toEqual([])
    },
  )

  it.each([
    ['scale.action', 'radios'],
    ['scale.by', 'count-or-share'],
    ['scale.max', 'number'],
    ['suspend', 'checkbox'],
    ['cooldown', 'duration'],
    ['token.overlap', 'duration'],
    ['token.secretName', 'text'],
    ['when', 'code'],
    ['token', 'fieldset'],
    ['auth.bearer.secretKeyRef', 'fieldset'],
    ['scale.target', 'reference'],
    ['scaleNodes.target', 'reference'],
    ['redeploy.target', 'reference'],
    ['redeploy.selector.matchLabels', 'pairs'],
    ['redeploy.kinds', 'checkboxes'],
    ['redeploy.pushedAs', 'lines'],
  ])('of %s is %s', (path, kind) => {
    const schema = new Map(every(hookSpecSchema)).get(path)
    expect(schema && widgetOf(schema).kind).toBe(kind)
  })
})

describe('what a field says below', () => {
  const texts = every(hookSpecSchema).map(([path, schema]) => [path, helpOf(schema), schema] as const)

  it('calls no other field by the name that it has in a manifest', () => {
    const members = new Set(texts.flatMap(([path]) => path.split('.').filter(name => !/^$|\[/.test(name))))
    const named = texts.flatMap(([path, help]) =>
      [...help.matchAll(/`([^`]+)`/g)].filter(([, name]) => members.has(name ?? '')).map(([word]) => [path, word]),
    )
    expect(named).toEqual([])
    expect(texts.filter(([, help]) => /exactly one of|Set this or/.test(help))).toEqual([])
  })

  it('calls no value by what it is in a manifest, where the control has another word for it', () => {
    const named = texts.flatMap(([path, help, schema]) =>
      'titles' in schema
        ? Object.entries(schema.titles ?? {})
            .filter(([value, title]) => !title.includes(value) && new RegExp(`\\b${value}\\b`).test(help))
            .map(([value]) => [path, value])
        : [],
    )
    expect(named).toEqual([])
  })

  it('says more than the label', () => {
    expect(
      texts.filter(([, help]) => /^(Its|The) [\w ]+( of (the|a) \w+)?\.$/.test(help)).map(([path]) => path),
    ).toEqual([])
  })
})

describe('a field that takes another', () => {
  const offered = (path: readonly string[], value: unknown): readonly string[] => {
    const schema = path.reduce<Schema | undefined>(
      (node, name) => (node !== undefined && 'properties' in node ? node.properties[name] : undefined),
      hookSpecSchema,
    )
    return schema !== undefined && 'properties' in schema
      ? Object.keys(schema.properties).filter(name => isOffered(name, schema, value))
      : []
  }

  it('is offered where that is set, and where it has a value that has to go', () => {
    expect(offered(['redeploy'], { target: { name: 'web' } })).not.toContain('kinds')
    expect(offered(['redeploy'], { target: {}, kinds: ['Deployment'] })).toContain('kinds')
    expect(offered(['redeploy'], { selector: {} })).toContain('kinds')
    expect(offered(['redeploy'], { selector: {} })).not.toContain('pushedAs')
    expect(offered(['redeploy'], { image: 'nginx' })).toContain('pushedAs')
    expect(offered(['scaleNodes'], { action: 'up' })).not.toContain('removeFirst')
    expect(offered(['scaleNodes'], { action: 'down', target: {} })).toContain('removeFirst')
    expect(offered(['scaleNodes', 'target'], {})).not.toContain('pool')
    expect(offered(['scaleNodes', 'target'], { kind: 'Cluster' })).toContain('pool')
    expect(offered(['scale'], {})).toEqual(['target', 'action', 'by', 'min', 'max', 'overshoot'])
  })

  it('is offered for a time only where a count is changed', () => {
    expect(offered([], { driver: 'redeploy', redeploy: {} })).not.toContain('for')
    expect(offered([], { driver: 'redeploy', redeploy: {}, for: '2h' })).toContain('for')
    for (const driver of ['scale', 'scaleNodes']) expect(offered([], { driver, [driver]: {} })).toContain('for')
    const lasts = schemaAt(hookSpecSchema, ['for'])
    expect(lasts && { ...widgetOf(lasts), help: helpOf(lasts) }).toMatchObject({
      kind: 'duration',
      help: expect.stringContaining("three times the sender's repeat interval") as unknown,
    })
  })

  it('is needed where the other one is of no use without it', () => {
    const target = schemaAt(hookSpecSchema, ['scaleNodes', 'target'])
    expect(target && 'properties' in target && requiredOf(target, { kind: 'Cluster' })).toEqual(['name', 'pool'])
    expect(target && 'properties' in target && requiredOf(target, {})).toEqual(['name'])
  })
})

describe('a clone', () => {
  it('keeps all but what two hooks cannot share', () => {
    const spec = {
      driver: 'scale',
      scale: { max: 3 },
      token: { rotation: 4, secretName: 'url', overlap: '1h' },
      suspend: true,
    }
    expect(cloneSpec(spec)).toEqual({
      spec: { driver: 'scale', scale: { max: 3 }, token: { overlap: '1h' }, suspend: true },
      hadSecret: true,
    })
    expect(cloneSpec({ driver: 'scale', token: { rotation: 2 } })).toEqual({
      spec: { driver: 'scale' },
      hadSecret: false,
    })
  })

  it.each([
    ['web', [], 'web'],
    ['web', ['web'], 'web-2'],
    ['web-2', ['web-2', 'web-3'], 'web-4'],
  ])('of %s next to %j is named %s', (name, taken, free) => {
    expect(freeName(name, new Set([...taken, ...(name === 'web-2' ? ['web-2'] : [])]))).toBe(free)
  })

  it.each([
    ['web-up', 'up', 'web-down', 'down'],
    ['scale-down-web', 'down', 'scale-up-web', 'up'],
    ['web', 'up', 'web-down', 'down'],
  ])('the opposite of %s, %s, is %s, %s', (name, action, opposite, other) => {
    const made = oppositeOf(name, { driver: 'scale', scale: { action, max: 3 } }, new Set([name]))
    expect(made).toEqual({ name: opposite, spec: { driver: 'scale', scale: { action: other, max: 3 } } })
  })

  it('has no opposite where nothing has a direction', () => {
    const without = declarations.find(({ schema }) => !('action' in schema.properties))
    expect(oppositeOf('x', { driver: without?.name ?? 'other' }, new Set())).toBeUndefined()
  })
})

describe('a field', () => {
  it.each([
    [{}, ['target', 'action']],
    [{ action: 'up' }, ['target', 'action', 'max']],
    [{ action: 'up', max: 3 }, ['target', 'action', 'max']],
    [{ action: 'down', max: 3 }, ['target', 'action']],
  ])('of %j is marked where it must be set', (member, required) => {
    const scaling = declarations.find(({ name }) => name === 'scale')
    expect(scaling && requiredOf(scaling.schema, member)).toEqual(required)
  })
})

describe('the stairs', () => {
  it.each([
    [{ action: 'up', by: 1, max: 6 }, 3, [3, 4, 5, 6], 'then unchanged'],
    [{ action: 'up', by: '50%', max: 10 }, 2, [2, 3, 5, 8, 10], 'then unchanged'],
    [{ action: 'up', by: 4, max: 10, overshoot: 'reject' }, 1, [1, 5, 9], 'then refused'],
    [{ action: 'down', by: 2, min: 1, max: 10 }, 6, [6, 4, 2, 1], 'then unchanged'],
    [{ action: 'down', by: 2 }, 6, [6, 4, 2, 1], 'then unchanged'],
    [{ action: 'up', max: 2 }, 5, [5], 'then unchanged'],
  ])('of %j from %i are %j', (member, from, counts, end) => {
    expect(stairs(member, from)).toEqual({ counts, end })
  })

  it.each([{ action: 'up', by: '0%', max: 3 }, { action: 'sideways', max: 3 }, { action: 'up' }, undefined])(
    'are not shown for %j',
    member => {
      expect(stairs(member, 1)).toBeUndefined()
    },
  )
})

describe('a choice', () => {
  const bearer = { secretKeyRef: { name: 'proofs', key: 'token' } }

  it('takes out the others, and waits for what was chosen', () => {
    expect(putChosen({ driver: 'scale', auth: { bearer } }, ['auth'], 'basic')).toEqual({
      driver: 'scale',
      auth: { basic: {} },
    })
    expect(putChosen({ driver: 'scale', auth: { bearer } }, ['auth'], undefined)).toEqual({ driver: 'scale' })
    expect(putChosen({ driver: 'scale', auth: { bearer } }, ['auth'], 'bearer')).toEqual({
      driver: 'scale',
      auth: { bearer },
    })
  })

  it('stays when the last of it is taken out', () => {
    const spec = { driver: 'scale', auth: { bearer: { secretKeyRef: { name: 'proofs' } } } }
    expect(putKeeping(spec, ['auth', 'bearer', 'secretKeyRef', 'name'], undefined)).toEqual({
      driver: 'scale',
      auth: { bearer: {} },
    })
    const tagged = { driver: 'redeploy', redeploy: { target: { name: 'web' }, tags: { glob: 'v*' } } }
    expect(putKeeping(tagged, ['redeploy', 'tags', 'glob'], undefined)).toMatchObject({
      redeploy: { tags: { glob: '' } },
    })
    expect(putKeeping(tagged, ['redeploy', 'target'], undefined)).toMatchObject({ redeploy: { target: {} } })
    // What is no choice is taken away, with what is empty then.
    expect(putKeeping({ driver: 'scale', token: { secretName: 'x' } }, ['token', 'secretName'], undefined)).toEqual({
      driver: 'scale',
    })
  })
})

describe('a fault', () => {
  it.each([
    ['metadata.name', 'Name'],
    ['spec.scale.max', 'Maximum'],
    ['spec.redeploy.target.name', 'Name of the workload'],
    ['spec.redeploy', 'What to roll out'],
    ['spec.redeploy.tags.exact[0]', 'These tags'],
    ['spec.auth.hmac.secretKeyRef.key', 'Key in the Secret'],
    ['spec.elsewhere.deep', 'spec.elsewhere.deep'],
  ])('at %s is at the field %s', (path, label) => {
    expect(labelAt(path)).toBe(label)
  })

  it.each([
    [[], undefined],
    [[['metadata.name', 'must be set']], 'Still needed: Name.'],
    [
      [
        ['spec.scale.max', 'must be set, because action is up: the count at which a step up stops'],
        ['spec.cooldown', 'must be a duration'],
      ],
      'Still needed: Maximum. Not right yet: “Cooldown” must be a duration.',
    ],
    [[['spec.cooldown', 'must be a duration']], 'Not right yet: “Cooldown” must be a duration.'],
    [
      [['spec.auth', 'must have exactly one of bearer, basic, header, path, hmac, standardWebhooks, oidc and sns']],
      'Still needed: What a post must prove.',
    ],
  ] as const)('%j is shown in words', (wrong, text) => {
    expect(problemOf(new Map(wrong))?.text).toBe(text)
  })
})

describe('lines', () => {
  it('are a list, or names with values, and nothing where they are empty', () => {
    expect(listOfLines(' v1 \n\nv2')).toEqual(['v1', 'v2'])
    expect(listOfLines('cn=admins,ou=groups')).toEqual(['cn=admins,ou=groups'])
    expect(pairsOfLines('app=web,tier = front\nopen')).toEqual({ app: 'web', tier: 'front', open: '' })
    expect([listOfLines(' \n'), pairsOfLines('')]).toEqual([undefined, undefined])
    expect(textOfLines({ app: 'web', tier: 'front' })).toBe('app=web\ntier=front')
    expect(textOfLines(['v1', 'v2'])).toBe('v1\nv2')
    expect(textOfLines(undefined)).toBe('')
  })
})
