import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { program } from '../support/program.ts'

const page = readFileSync('docs/reference/metrics.md', 'utf8')

it('the page of metrics lists what both roles serve, and nothing else', async () => {
  const anyPorts = ['--api-port', '0', '--trigger-port', '0', '--operations-port', '0', '--dashboard-port', '0']
  const { said } = program(['playground', ...anyPorts])
  const url = await said(line => /^Metrics: +(\S+)$/.exec(line)?.[1])
  const text = await (await fetch(url)).text()
  const served = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
    .map(([, name = '', kind = '']) => `${name} ${kind}`)
    .filter(metric => !/^(?:process|nodejs)_/.test(metric))
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name = '', kind = '']) => `${name} ${kind}`)
  expect(listed.toSorted()).toEqual(served.toSorted())
}, 120_000)
