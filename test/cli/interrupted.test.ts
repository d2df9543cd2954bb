import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { compileCache } from '../support/compile-cache.ts'

/** Says when the program listens to signals. Before that, a signal would end it anyway. */
const saysReady = `process.on('newListener', name => { if (name === 'SIGTERM') setImmediate(() => console.log('ready')) })`

it('a command that waits for its input ends at the first signal', async () => {
  const script = `data:text/javascript,${encodeURIComponent(saysReady)}`
  const child = spawn(process.execPath, ['--import', script, 'src/main.ts', 'inspect-token'], {
    env: { ...process.env, ...compileCache },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => void said.push(text))
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  child.kill('SIGINT')
  expect(await closed).toEqual([130, null])
  expect(said.join('')).toBe('interrupted\n')
}, 20_000)
