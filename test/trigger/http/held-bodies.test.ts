import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { heldBodies, type HeldBody } from '../../../src/trigger/http/held-bodies.ts'
import { TooMany, type BodyOwner } from '../../../src/trigger/request.ts'

const most = 800

const setUp = () => {
  const bodies = heldBodies(most)
  /** Returns a post with some bytes of its body. The body does not end, unless `isWhole`. */
  const post = (owner: BodyOwner, bytes: number, isWhole = false) => {
    const request = new IncomingMessage(new Socket())
    const body: HeldBody = bodies.of(request, () => undefined)
    const read = body.read(owner).then(
      ({ length }) => length,
      (error: unknown) => {
        // The post is answered.
        body.release()
        return error instanceof TooMany ? 'too many' : String(error)
      },
    )
    request.push(Buffer.alloc(bytes))
    if (isWhole) {
      request.complete = true
      request.push(null)
    }
    return { body, read }
  }
  return { post }
}

const hook = (uid: string, namespace = 'shop'): BodyOwner => ({ uid, namespace })

describe('bodies that do not end', () => {
  it('of one hook keep nobody else out, neither in its namespace nor in another', async () => {
    const { post } = setUp()
    const dribbling = Array.from({ length: 12 }, () => post(hook('a'), 50))
    expect(await dribbling[11]?.read).toBe('too many')
    const good = [post(hook('b'), 50, true), post(hook('c', 'fleet'), 50, true)]
    expect(await Promise.all(good.map(({ read }) => read))).toEqual([50, 50])
    // Those of the hook itself are refused until some are answered.
    expect(await post(hook('a'), 50, true).read).toBe('too many')
    for (const { body } of dribbling) body.release()
    expect(await post(hook('a'), 50, true).read).toBe(50)
  })

  it('of one namespace leave room to others, over however many hooks they come', async () => {
    const { post } = setUp()
    for (let index = 0; index < 40; index++) post(hook(`a${index}`), 50)
    await new Promise(setImmediate)
    expect(await post(hook('b', 'fleet'), 100, true).read).toBe(100)
    expect(await post(hook('c', 'fleet'), 100, true).read).toBe(100)
  })

  it('count with all that is made of them, until their post is answered and nothing keeps them', async () => {
    const { post } = setUp()
    const { body, read } = post(hook('a'), 100, true)
    await read
    body.hold(200)
    expect(() => body.hold(501)).toThrow(TooMany)
    const [end, endOther] = [body.keep(), body.keep()]
    body.release()
    end()
    end()
    expect(await post(hook('b', 'fleet'), 101, true).read).toBe('too many')
    body.hold(-1)
    expect(await post(hook('b', 'fleet'), 101, true).read).toBe(101)
    endOther()
    expect(await post(hook('c', 'fleet'), 299, true).read).toBe(299)
  })

  it('are taken as long as there is room for all', async () => {
    const { post } = setUp()
    expect(await post(hook('a'), most / 2, true).read).toBe(most / 2)
  })
})
