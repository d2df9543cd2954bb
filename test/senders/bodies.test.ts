import { describe, expect, it } from 'vitest'
import { deliveryOf, senders } from '../../src/senders/registry.ts'
import { knownBodies, pairs, pushText } from './bodies.ts'

const titled = knownBodies.map(known => ({ ...known, title: `${known.sender}: ${known.name}` }))

it('every sender has bodies to be known by, each with where it is documented', () => {
  const known = new Set(knownBodies.map(({ sender }) => sender))
  expect([...known].sort()).toEqual(senders.map(({ name }) => name).sort())
  expect(knownBodies.filter(({ documentation }) => !documentation.startsWith('https://'))).toEqual([])
})

describe('a known body', () => {
  it.each(titled)('$title', ({ message, says, sender }) => {
    const { group, identity, phase, pushes, sender: seen, unreadable } = deliveryOf(message)
    expect({ sender: seen, phase }).toEqual({ sender, phase: says.phase })
    expect(identity !== undefined, 'whether it has a name').toBe(says.delivery !== undefined)
    expect(group !== undefined, 'whether it has a group').toBe(says.group !== undefined)
    expect(group?.mixed ?? false, 'whether it is mixed').toBe(says.mixed)
    expect(pushes?.map(pushText), 'what was pushed').toEqual(says.pushes)
    expect(unreadable !== undefined, 'whether it lacks what a push needs').toBe(says.unreadable)
    const fires = (group?.firing.length ?? 0) > 0
    expect(
      group === undefined || phase === 'partly resolved' || phase === 'no news' || fires === (phase === 'firing'),
    ).toBe(true)
  })

  it.each(titled)('$title is recognised by one sender alone', ({ message, sender }) => {
    const others = senders.filter(other => other.name !== 'plain' && other.recognise(message))
    // A CloudEvent is read by the sender that knows its type. All other CloudEvents are read as any CloudEvent.
    const first = others.filter(({ name }, index) => index === 0 || name !== 'cloudevents')
    expect(first.map(({ name }) => name)).toEqual(sender === 'plain' ? [] : [sender])
  })
})

describe('of two known bodies of one sender', () => {
  const read = pairs.map(([one, other]) => ({
    title: `${one.sender}: ${one.name}, ${other.name}`,
    one: { ...one.says, ...deliveryOf(one.message) },
    other: { ...other.says, ...deliveryOf(other.message) },
  }))
  const named = read.filter(({ one, other }) => one.delivery !== undefined && other.delivery !== undefined)

  it('those that are one delivery have one name, and the others do not', () => {
    const wrong = named.filter(
      ({ one, other }) => (one.delivery === other.delivery) !== (one.identity?.key === other.identity?.key),
    )
    expect(wrong.map(({ title }) => title)).toEqual([])
  })

  it('two of one identity are one delivery as long as their event is the same', () => {
    const alike = named.filter(({ one, other }) => one.delivery === other.delivery)
    const wrong = alike.filter(
      ({ one, other }) => (one.event === other.event) !== (one.identity?.newsAt === other.identity?.newsAt),
    )
    expect(wrong.map(({ title }) => title)).toEqual([])
  })

  it('those of one group of alerts name it alike, and the others do not', () => {
    const inGroups = pairs.filter(([one, other]) => one.says.group !== undefined && other.says.group !== undefined)
    const wrong = inGroups.filter(([one, other]) => {
      const isOne = deliveryOf(one.message).group?.key === deliveryOf(other.message).group?.key
      return (one.says.group === other.says.group) !== isOne
    })
    expect(wrong.map(([one, other]) => `${one.sender}: ${one.name}, ${other.name}`)).toEqual([])
  })
})

it('no two senders give one name', () => {
  const named = knownBodies.filter(
    ({ message, says }) => says.delivery !== undefined && !message.headers['idempotency-key'],
  )
  const bySender = new Map(named.map(({ message, sender }) => [deliveryOf(message).identity?.key, sender]))
  const wrong = named.filter(({ message, sender }) => bySender.get(deliveryOf(message).identity?.key) !== sender)
  expect(wrong).toEqual([])
})
