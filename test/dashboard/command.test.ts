import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../src/apiserver/http.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { kubeconfigFor } from '../../src/playground/kubeconfig.ts'
import { program } from '../support/program.ts'

it('opens once by the link that the command prints, as the user of the kubeconfig', async () => {
  const serving = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  onTestFinished(async () => {
    await serving.close()
    rmSync(folder, { recursive: true })
  })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigFor(serving.url))
  const running = program(['dashboard', '--port', '0', '--kubeconfig', kubeconfig])
  const link = new URL(await running.said(line => /http:\S+#key=\S+/.exec(line)?.[0]))
  const open = () =>
    fetch(`${link.origin}/api/session`, {
      method: 'POST',
      headers: { origin: link.origin, 'content-type': 'application/json' },
      body: JSON.stringify({ key: link.hash.slice('#key='.length) }),
    })
  expect([(await open()).status, (await open()).status]).toEqual([200, 401])
  expect(await running.end('SIGTERM')).toBe(0)
})
