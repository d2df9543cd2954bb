import { expect, it } from 'vitest'
import { anchorOf, blocksIn } from '../deploy/manifests.ts'
import { until } from '../support/product.ts'
import { personWithPlayground } from './bash.ts'

const suspend = `kubectl -n shop patch receiverhook web-up --type merge -p '{"spec":{"suspend":true}}'`

it('who follows the path on a hook that skips sees the reason, and what a post would do', async () => {
  const { run } = await personWithPlayground()
  await run(suspend)
  await until(
    () => run('kubectl receiverhook trigger web-up -n shop'),
    said => said.includes('Suspended'),
  )
  const commands = blocksIn('docs/how-to/why-did-my-hook-not-fire.md', 'console').join('')
  const said = await until(
    () => run(commands),
    text => /plain +skipped +Suspended/.test(text),
  )
  expect(said).toMatch(/^NAME +DRIVER .*REASON/m)
  expect(said).toMatch(/^web-up +scale +up +Deployment\/web +True +Suspended +/m)
  expect(said).toMatch(/^200 skipped Suspended: /m)
}, 120_000)

/** Returns the commands of the page on backups below a heading. */
const commandsUnder = (heading: string): readonly string[] =>
  blocksIn(`docs/how-to/keys-and-backup.md#${anchorOf(heading)}`, 'console')

it('who backs hooks up and restores them as the page says has them again, suspended ones too, each with a new URL', async () => {
  const { run } = await personWithPlayground()
  const [backUp = '', restore = '', showURL = ''] = commandsUnder('What to back up')
  await run(suspend)
  const before = await run(showURL)
  await run(backUp)
  const names = await run('kubectl -n shop get receiverhooks -o name')
  expect(names.split('\n')).toHaveLength(4)
  await run('kubectl delete receiverhooks --all --all-namespaces')
  await run(restore)
  expect(await run('kubectl -n shop get receiverhooks -o name')).toBe(names)
  expect(await run(`kubectl -n shop get receiverhook web-up -o jsonpath='{.spec.suspend}'`)).toBe('true')
  const after = await run(`kubectl -n shop wait --for=condition=Ready receiverhook/web-up >/dev/null; ${showURL}`)
  expect(after).toMatch(/^http:/)
  expect(after).not.toBe(before)
}, 120_000)
