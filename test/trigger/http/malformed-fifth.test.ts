import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { nodeClock } from '../../../src/environment/node.ts'
import { refusal } from '../../../src/trigger/answer.ts'
import { serveTrigger } from '../../../src/trigger/http.ts'
import { testEnvironment } from '../../support/environment.ts'

const post = 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n\r\n'

it.each([
  ['is no HTTP', 'hello\r\n\r\n'],
  ['has no Host', 'POST /v1/trigger/TOKEN HTTP/1.1\r\n\r\n'],
  ['has two Hosts', 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n'],
  ['has a header that is none', 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nno header\r\n\r\n'],
  ['has two lengths', 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['has too large a head', `POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
])('four accepted posts keep their answers where a fifth follows that %s', async (_what, fifth) => {
  const accepted: (() => void)[] = []
  const server = await serveTrigger(
    {
      endpoint: async (_request, send) => {
        await new Promise<void>(resolve => accepted.push(resolve))
        send({ status: 200, headers: {}, body: { message: 'done', reason: 'Stepped' } })
      },
      preflight: ({ token }) => (token === undefined ? refusal(404, 'UnknownToken') : undefined),
      clock: nodeClock,
      log: testEnvironment().log,
    },
    { host: '127.0.0.1', port: 0 },
  )
  onTestFinished(() => server.drain())
  const socket = connect(server.port, '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  socket.write(post.repeat(4) + fifth)
  await expect.poll(() => accepted.length).toBe(4)
  for (const answer of accepted) answer()
  await closed
  expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(4)
})
