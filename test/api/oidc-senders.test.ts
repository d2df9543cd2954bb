import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { Outbound } from '../../src/environment/environment.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { snippetHook } from '../../cli/snippets/hook.ts'
import { snippetNamed, writeSnippet } from '../../cli/snippets/write.ts'
import { issuerIn, type Issuer } from '../../src/token/issuer.ts'
import { blocksIn, listAt, nameOf, objectsIn } from '../deploy/manifests.ts'
import { ofGithub, shellWith } from '../snippets/products.ts'
import { signedToken, signingKey, type TestClaims } from '../support/issuer.ts'
import { cluster, post, postUntilDone, product } from '../support/product.ts'

/** Follows the page on ID tokens: its hooks, what it says of the tokens, and what each sender does to get one. */

const page = 'docs/how-to/oidc.md'

/** The issuers of the page, each at its own address, with the keys of a test. */
const configured = [
  'https://token.actions.githubusercontent.com',
  'https://gitlab.com',
  'https://accounts.google.com',
  'https://kubernetes.default.svc.cluster.local,keys=https://kubernetes.default.svc.cluster.local/openid/v1/jwks',
].map((text): Issuer => {
  const issuer = issuerIn(text)
  if (typeof issuer === 'string') throw new Error(issuer)
  return issuer
})

/** Starts both roles with the issuers of the page, and makes its hooks. Returns what each token of the page says. */
const followed = async () => {
  const here = await cluster()
  await here.createDeployment('web', 1)
  const key = await signingKey('first')
  const outbound: Outbound = ({ url }) => {
    const { origin, pathname } = new URL(url)
    const isDescription = pathname === '/.well-known/openid-configuration'
    const answer = isDescription ? { issuer: origin, jwks_uri: `${origin}/keys` } : { keys: [key.jwk] }
    return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(answer) })
  }
  await product(here, { issuers: configured, outbound })
  const manifests = blocksIn(page, 'yaml').flatMap(objectsIn)
  const tokens = blocksIn(page, 'json').map((text): TestClaims => {
    const claims = parseJson(text)
    if (!isObject(claims)) throw new Error(`no claims: ${text}`)
    return claims
  })
  const made = new Map<string, { readonly spec: unknown; readonly claims: TestClaims }>()
  for (const [index, manifest] of manifests.entries()) {
    const [name, spec] = [nameOf(manifest), at(manifest, 'spec')]
    await create(here.api, hooks, here.namespace, { apiVersion, kind: hookKind, metadata: { name }, spec })
    made.set(name, { spec, claims: tokens[index] ?? {} })
  }
  const tokenFor = (claims: TestClaims): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    return signedToken(key, { ...claims, iat: now, exp: now + 300 })
  }
  /** Waits until a hook of the page takes its token, and returns its URL. */
  const ready = async (name: string): Promise<string> => {
    const address = await here.url(name)
    const { claims = {} } = made.get(name) ?? {}
    const headers = { authorization: `Bearer ${await tokenFor(claims)}` }
    await here.until(
      () => post(`${address}?dryRun=true`, undefined, { headers }),
      ({ status }) => status === 200,
    )
    return address
  }
  /** Returns the first YAML that a product gets for a hook of the page, and its other texts. */
  const textsFor = (
    snippet: string,
    name: string,
    url: string,
  ): readonly { readonly language: string; readonly text: string }[] => {
    const found = snippetNamed(snippet)
    const written = found && writeSnippet(found, snippetHook(name, here.namespace, made.get(name)?.spec, url))
    if (!written || !('texts' in written)) throw new Error(`no snippet: ${JSON.stringify(written)}`)
    return written.texts
  }
  return { ...here, made, ready, textsFor, tokenFor }
}

it('each hook of the page takes the token that the page shows, and no token that differs in a pinned claim', async () => {
  const { made, ready, tokenFor } = await followed()
  expect([...made.keys()]).toEqual(['from-github', 'from-gitlab', 'from-google', 'from-a-pod'])
  for (const [name, { claims, spec }] of made) {
    const address = await ready(name)
    const names = listAt(spec, 'auth', 'oidc', 'claims').map(claim => stringAt(claim, 'name') ?? '')
    expect(names.length).toBeGreaterThan(0)
    for (const claim of ['aud', 'iss', ...names]) {
      const headers = { authorization: `Bearer ${await tokenFor({ ...claims, [claim]: 'another' })}` }
      expect([name, claim, (await postUntilDone(address, undefined, { headers })).status]).toEqual([name, claim, 401])
    }
  }
})

/** Returns the first item of a list in a document. */
const firstOf = (document: unknown, ...path: readonly string[]): unknown => listAt(document, ...path)[0]

it('a job of GitHub Actions asks GitHub for a token for the hook, and posts with it', async () => {
  const { made, ready, textsFor, tokenFor } = await followed()
  const address = await ready('from-github')
  const asked: string[] = []
  const { claims = {} } = made.get('from-github') ?? {}
  const github = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    asked.push(`${request.headers.authorization} ${url.searchParams.get('api-version')}`)
    void tokenFor({ ...claims, aud: url.searchParams.get('audience') }).then(value =>
      response.end(JSON.stringify({ value })),
    )
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void github.close())
  await once(github, 'listening')
  const listening = github.address()
  const port = typeof listening === 'object' ? listening?.port : undefined
  const [text] = textsFor('github-actions', 'from-github', address).filter(({ language }) => language === 'yaml')
  const workflow: unknown = parse(text?.text ?? '')
  expect(at(workflow, 'jobs', 'run-hook', 'permissions')).toEqual({ 'id-token': 'write' })
  const step = firstOf(workflow, 'jobs', 'run-hook', 'steps')
  const { stdout, stderr } = await shellWith([]).run(ofGithub(stringAt(step, 'run') ?? '', {}), {
    KEY: 'one-run',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
  })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/\/from-github","driver":"restart","outcome":"(applied|skipped)"/)
  expect(asked).toEqual(['Bearer of-the-job 2.0'])
})

it('a job of GitLab CI gets a token for the hook in a variable, and posts with it', async () => {
  const { made, ready, textsFor, tokenFor } = await followed()
  const address = await ready('from-gitlab')
  const [text] = textsFor('gitlab-ci', 'from-gitlab', address)
  const pipeline: unknown = parse(text?.text ?? '')
  const [job] = isObject(pipeline) ? Object.values(pipeline) : []
  expect(at(job, 'id_tokens', 'ID_TOKEN', 'aud')).toBe('$ID_TOKEN_AUDIENCE')
  const aud = at(job, 'variables', 'ID_TOKEN_AUDIENCE', 'value')
  const { claims = {} } = made.get('from-gitlab') ?? {}
  const { stdout } = await shellWith([]).run(listAt(job, 'script').join('\n'), {
    ID_TOKEN: await tokenFor({ ...claims, aud }),
    CI_PROJECT_ID: '123456',
    CI_PIPELINE_ID: '7',
  })
  // Nobody runs pods here, so a rollout never ends.
  expect(stdout).toMatch(/\/from-gitlab","driver":"restart","outcome":"(applied|skipped)"/)
})

it('a CronJob runs as the account that the hook pins, has its token in a file, and posts with it', async () => {
  const { made, namespace, ready, textsFor, tokenFor } = await followed()
  const address = await ready('from-a-pod')
  const [text] = textsFor('cron-job', 'from-a-pod', address)
  const document: unknown = parse(text?.text ?? '')
  const pod = at(document, 'spec', 'jobTemplate', 'spec', 'template', 'spec')
  // The page's account is in its namespace shop, and this hook is not.
  expect([namespace === 'shop', at(pod, 'serviceAccountName')]).toEqual([false, 'ACCOUNT'])
  const [container, volume] = [firstOf(pod, 'containers'), firstOf(pod, 'volumes')]
  const mount = firstOf(container, 'volumeMounts')
  expect(at(mount, 'name')).toBe(at(volume, 'name'))
  const source = firstOf(volume, 'projected', 'sources')
  const { claims = {} } = made.get('from-a-pod') ?? {}
  const folder = mkdtempSync(join(tmpdir(), 'token-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const token = await tokenFor({ ...claims, aud: [at(source, 'serviceAccountToken', 'audience')] })
  writeFileSync(join(folder, String(at(source, 'serviceAccountToken', 'path'))), token)
  const script = String(listAt(container, 'command')[2]).replaceAll(String(at(mount, 'mountPath')), folder)
  const { stdout } = await shellWith([]).run(script, { KEY: 'job-1' })
  expect(stdout).toContain('"outcome":"applied"')
})

it('a subscription of Pub/Sub signs as the account that the hook pins, for the audience of the hook', async () => {
  const { made, ready, textsFor } = await followed()
  const address = await ready('from-google')
  const [text] = textsFor('artifact-registry', 'from-google', address)
  const shell = shellWith(['gcloud'])
  await shell.run(text?.text ?? '')
  const { claims = {} } = made.get('from-google') ?? {}
  expect(shell.calls()[0]).toEqual(
    expect.arrayContaining([
      `--push-endpoint=${address}`,
      `--push-auth-service-account=${String(claims['email'])}`,
      `--push-auth-token-audience=${String(claims['aud'])}`,
    ]),
  )
})
