import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../src/apiserver/http.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import { runProgram } from '../../src/cli/program.ts'
import { commands } from '../../src/commands/registry.ts'
import { crds } from '../../src/drivers/registry.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { send } from '../../src/kube/requests.ts'
import { shell } from '../support/shell.ts'

let server = ''

beforeEach(async () => {
  const serving = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
  const api = connect({ server: serving.url })
  onTestFinished(async () => {
    await api.close()
    await serving.close()
  })
  const post = (path: string, object: object) => send(api, { method: 'POST', path, body: JSON.stringify(object) })
  for (const crd of crds) await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  await post('/api/v1/namespaces', { metadata: { name: 'shop' } })
  server = serving.url
})

const run = async (line: string, input = '') => {
  const seen = shell()
  const typed = { ...seen.shell, input: { ...seen.shell.input, text: () => Promise.resolve(input) } }
  const code = await runProgram({ entries: commands, version: '1', summary: '' }, line.split(' '), typed)
  return { code, err: seen.err(), out: seen.out() }
}

it('get says what no hook has', async () => {
  expect((await run(`get -l app=web -n shop --server ${server}`)).err).toBe(
    'no hook in the namespace shop has app=web\n',
  )
})

it('watch of a hook that is not there fails, and does not wait for it', async () => {
  await expect(run(`watch nosuch -n shop --server ${server}`)).rejects.toThrow(
    'there is no hook nosuch in the namespace shop; it has none',
  )
})

it('doctor says that the namespace is not there', async () => {
  const { code, out } = await run(`doctor -n nosuch --server ${server}`)
  expect(code).toBe(1)
  expect(out).toContain('there is no namespace nosuch')
})

it.each([
  ['not JSON', 'no {', '- is no JSON: expected what Rancher answers to /v1-webhooks/receivers'],
  ['JSON of something else', '{"kind":"List"}', '- lists no receivers: expected what Rancher answers'],
])('import says of %s what it expected', async (_, text, message) => {
  await expect(run('import rancher -', text)).rejects.toThrow(message)
})
