import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { actionlintPart, cosignPart, cranePart, helmPart } from '../../scripts/cluster/parts.ts'
import { provide } from '../../scripts/cluster/provide.ts'
import { publish, runProgram, type Publication } from '../../scripts/release/publish.ts'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { version } from '../../src/version.ts'
import { blockWith } from '../deploy/manifests.ts'
import { spawnOwned, type OwnedProcess } from '../support/owned-process.ts'

// A release as `npm run release -- --dry-run` has made it, published to a registry on this machine by what the workflow runs.
// A key of a file signs in the place of the workflow's identity. All else is what users do, with the programs that they use.

const work = mkdtempSync(join(tmpdir(), 'rehearsal-'))
const files = join(work, 'release')
const page = 'docs/how-to/verify-a-release.md'

let registry: OwnedProcess
let publication: Publication
let bash: (commands: string, variables?: Readonly<Record<string, string>>) => Promise<string>

/** Resolves with the address of a registry that has started. */
const addressOf = async ({ child }: OwnedProcess): Promise<string> => {
  if (child.stdout === null) throw new Error('its output is to be a pipe')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /serving on port (\d+)/.exec(line) ?? []
    if (port !== undefined) return `127.0.0.1:${port}`
  }
  throw new Error('the registry has not started')
}

beforeAll(async () => {
  cpSync('dist/release', files, { recursive: true })
  const [crane, cosign, helm] = await Promise.all([
    provide(cranePart, 'crane', process.env, console.log),
    provide(cosignPart, 'cosign', process.env, console.log),
    provide(helmPart, 'helm', process.env, console.log),
  ])
  process.env['PATH'] = [dirname(crane), dirname(cosign), dirname(helm), process.env['PATH']].join(':')
  process.env['COSIGN_PASSWORD'] = 'rehearsal'
  registry = spawnOwned('/bin/sh', ['-c', 'exec crane registry serve --address 127.0.0.1:0 2>&1'], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const address = `${await addressOf(registry)}/team`
  bash = async (commands, variables = {}) => {
    const env = {
      ...process.env,
      HOME: work,
      VERSION: version,
      REGISTRY: address,
      KEY: join(work, 'cosign.pub'),
      ...variables,
    }
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], { cwd: files, env })
    return stdout
  }
  await bash('cosign generate-key-pair', { PWD: work }).then(() => bash(`mv cosign.key cosign.pub ${work}`))
  await bash('mkdir ../other && cd ../other && cosign generate-key-pair')
  publication = { version, folder: files, registry: address, key: join(work, 'cosign.key') }
  await publish(publication, runProgram)
}, 600_000)

afterAll(async () => {
  await registry.end('SIGKILL')
  rmSync(work, { recursive: true, force: true })
})

/** Runs what the workflow runs after it has published. */
const verify = (variables: Readonly<Record<string, string>> = {}): Promise<string> =>
  bash(`bash ${resolve('scripts/release/verify.sh')}`, variables)

/** Returns the commands of the page, with the key in the place of the workflow. */
const commandsWith = (words: string): string => {
  const commands = blockWith(page, 'sh', words)
  const identity = '--certificate-identity "$SIGNER" --certificate-oidc-issuer "$ISSUER"'
  if (!commands.includes(identity)) throw new Error(`${words} must be checked by the identity of the workflow`)
  return commands.replaceAll(identity, '--key "$KEY" --insecure-ignore-tlog')
}

describe('what was published', () => {
  it('is verified by the step of the workflow', async () => {
    expect(await verify()).toContain(`receiver-hooks-chart-${version}.tgz: OK`)
  })

  it('is verified by the commands of the page', async () => {
    expect(await bash(commandsWith('charts/receiver-hooks'))).toContain('docker-manifest-digest')
    expect(await bash(commandsWith('verify-blob'))).toContain('install.yaml: OK')
    // jq, which a machine need not have, takes the SBOM out of the envelope.
    const [verifies = '', takesOut = ''] = commandsWith('verify-attestation').split(' | jq ')
    expect(takesOut).toContain('.payload | @base64d | fromjson | .predicate')
    const payload = stringAt(parseJson(await bash(verifies)), 'payload') ?? ''
    const signed = at(parseJson(Buffer.from(payload, 'base64').toString()), 'predicate')
    expect(signed).toEqual(parseJson(readFileSync(join(files, `receiver-hooks-${version}-amd64.cdx.json`), 'utf8')))
  })

  it('is a chart that Helm pulls byte by byte, and that asks for the image that was published', async () => {
    const chart = `receiver-hooks-${version}.tgz`
    await bash(
      `rm -rf ../pulled && mkdir ../pulled && cd ../pulled && helm pull oci://$REGISTRY/charts/receiver-hooks --version $VERSION --plain-http`,
    )
    await bash(`cmp ../pulled/${chart} receiver-hooks-chart-$VERSION.tgz`)
    const digest = (await bash('crane digest $REGISTRY/receiver-hooks:$VERSION')).trim()
    // A rehearsal is made without the registry that a release sets in the chart.
    const rendered = await bash(`helm template x ../pulled/${chart} --set image.registry=$REGISTRY`)
    expect(rendered).toContain(`${publication.registry}/receiver-hooks:${version}@${digest}`)
  })

  it('stays as it is when a release that broke off is published again', async () => {
    const before = await bash(
      'crane digest $REGISTRY/receiver-hooks:$VERSION; crane digest $REGISTRY/charts/receiver-hooks:$VERSION',
    )
    const { chart, image } = await publish(publication, runProgram)
    expect(before).toBe(`${image}\n${chart}\n`)
  })
})

/** What somebody changes after the release, and what the step of the workflow runs into. Each uses a tag or a folder of its own. */
const changes: readonly (readonly [what: string, change: string, variables: Readonly<Record<string, string>>])[] = [
  [
    'an image that lacks one of its platforms',
    'crane index filter $REGISTRY/receiver-hooks:$FROM --platform linux/amd64 --tag $REGISTRY/receiver-hooks:9.9.1',
    { VERSION: '9.9.1' },
  ],
  [
    'a chart with another annotation',
    'crane tag $REGISTRY/receiver-hooks:$FROM 9.9.2 && crane mutate $REGISTRY/charts/receiver-hooks:$FROM --annotation a=b --tag $REGISTRY/charts/receiver-hooks:9.9.2',
    { VERSION: '9.9.2' },
  ],
  ['a key that has not signed', 'true', { KEY: '../other/cosign.pub' }],
]

describe('the verification refuses', () => {
  it.each(changes)('%s', async (_, change, variables) => {
    await bash(change, { FROM: version })
    await expect(verify(variables)).rejects.toThrow(
      /no matching signatures|no signatures found|failed to verify|invalid signature/,
    )
  })

  it('a file that was changed, and checksums that were changed with it', async () => {
    await bash('rm -rf ../changed && cp -r . ../changed && cd ../changed && echo "# more" >>install.yaml')
    const script = resolve('scripts/release/verify.sh')
    await expect(bash(`cd ../changed && bash ${script}`)).rejects.toThrow('1 computed checksum did NOT match')
    await bash('cd ../changed && sha256sum $(cut -d" " -f3 SHA256SUMS) >NEW && mv NEW SHA256SUMS')
    await expect(bash(`cd ../changed && bash ${script}`)).rejects.toThrow(/invalid signature|failed to verify/)
  })
})

describe('the publication refuses', () => {
  it('files that are not those of their checksums', async () => {
    await bash('mkdir -p ../torn && cp SHA256SUMS *.* ../torn/ && cd ../torn && echo "# more" >>crds.yaml')
    await expect(publish({ ...publication, folder: join(work, 'torn') }, runProgram)).rejects.toThrow(
      'crds.yaml is not the file',
    )
  })

  it('to give a version another content', async () => {
    await bash(
      'crane mutate $REGISTRY/charts/receiver-hooks:$VERSION --annotation a=b --tag $REGISTRY/charts/receiver-hooks:$VERSION',
    )
    await expect(publish(publication, runProgram)).rejects.toThrow('give the release a new version')
  })
})

it('actionlint finds nothing to say about the workflows', async () => {
  const actionlint = await provide(actionlintPart, 'actionlint', process.env, console.log)
  const lint = (...paths: readonly string[]) => promisify(execFile)(actionlint, ['-no-color', '-shellcheck=', ...paths])
  expect((await lint()).stdout).toBe('')
  const broken = join(work, 'broken.yml')
  writeFileSync(broken, readFileSync('.github/workflows/ci.yml', 'utf8').replace('runs-on:', 'run-on:'))
  const said = await lint(broken).then(
    () => '',
    (error: unknown) => stringAt(error, 'stdout') ?? '',
  )
  expect(said).toContain('"run-on"')
})
