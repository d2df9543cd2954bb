import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { until } from '../support/product.ts'
import { personWithPlayground } from './bash.ts'

const page = readFileSync('docs/first-hooks.md', 'utf8')

/** Each block of commands with the output that stands under it. */
const steps = [...page.matchAll(/^```console\n([^]*?)^```\n\n```text\n([^]*?)^```/gm)].map(
  ([, commands = '', output = '']) => ({ commands, output }),
)

/** Returns what a page shows, as a pattern: "…" stands for anything, and blanks for as many as there are. */
const patternOf = (output: string): RegExp =>
  new RegExp(
    `^\\s*${output
      .trim()
      .split(/(…|[ \n]+)/)
      .map(part => {
        if (part === '…') return '[^]*?'
        return part.trim() === '' ? '\\s*' : part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
      })
      .join('')}\\s*$`,
  )

it('shows the output of each of its commands', () => {
  expect(steps.length).toBe([...page.matchAll(/^```console$/gm)].length)
  expect(steps.length).toBeGreaterThan(10)
})

it('prints in a playground what it says, from the first step to the last', async () => {
  const { run } = await personWithPlayground()
  await until(
    () => run('kubectl receiverhook get'),
    said => [...said.matchAll(/ True /g)].length === 3,
  )
  for (const { commands, output } of steps) {
    expect(await run(commands)).toMatch(patternOf(output))
  }
}, 240_000)

it('the README shows what its first commands print', async () => {
  const { run } = await personWithPlayground()
  const readme = readFileSync('README.md', 'utf8')
  const [, commands = ''] = /```sh\n(export [^]*?)```/.exec(readme) ?? []
  const [, posted = '', answer = ''] = /```console\n\$ (curl .*)\n(\{.*\}\n)```/.exec(readme) ?? []
  const own = commands.replaceAll(/^export .*\n/gm, '')
  expect(own.trim().split('\n')).toHaveLength(2)
  expect(own).toContain(`\n${posted}\n`)
  await run('kubectl wait --for=condition=Ready receiverhooks --all --timeout=100s')
  const said = await run(own)
  expect(said).toMatch(/^web-up +scale +up +Deployment\/web +2 \(1-10\) +True +Valid +never$/m)
  expect(said.endsWith(answer)).toBe(true)
}, 120_000)
