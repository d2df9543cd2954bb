import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { readFileSync } from 'node:fs'
import { blocksIn, blockWith } from '../deploy/manifests.ts'
import { podsOf, postToService, rolledOut, serviceIP } from './installed.ts'
import { openShop } from './shop.ts'
import { shell, succeed } from './support.ts'

const page = 'docs/how-to/install.md'

/** Returns the commands of the page under a heading, as they stand there. */
const commandsUnder = (heading: string): string => {
  const [, text = ''] = readFileSync(page, 'utf8').split(`\n## ${heading}\n`)
  const [, commands = ''] = /```console\n(.*?)```/s.exec(text) ?? []
  expect(commands).not.toBe('')
  return commands
}

/** Returns the commands of another page that take away what one of these ways has installed. */
const removal = (way: string): string => {
  const [, section = ''] = readFileSync('docs/how-to/operate.md', 'utf8').split('\n## Remove it\n')
  const [, text = ''] = section.split(`\n${way}`)
  const [, commands = ''] = /```console\n(.*?)```/s.exec(text) ?? []
  expect(commands).not.toBe('')
  return commands
}

/** Returns a folder as somebody has it who has made a release: the checkout, and dist/release/install.yaml in it. */
const withRelease = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-release-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'dist/release'), { recursive: true })
  await symlink(join(process.cwd(), 'deploy'), join(folder, 'deploy'))
  await writeFile(join(folder, 'dist/release/install.yaml'), await succeed('kubectl kustomize deploy/kustomize/base'))
  return folder
}

/** Takes everything away, as if nothing had ever been installed. */
const removeAll = async (): Promise<void> => {
  await shell('helm uninstall receiver-hooks --namespace receiver-hooks --wait')
  // On an empty cluster there is no such kind.
  await shell('kubectl delete receiverhooks --all --all-namespaces')
  await succeed('kubectl delete -k deploy/kustomize/base --ignore-not-found')
}

afterEach(removeAll)

it('the README installs with the command of the page', () => {
  const [helm = ''] = commandsUnder('With Helm').split('\n')
  expect(helm).toContain('helm install')
  expect(blocksIn('README.md', 'console').join('')).toContain(`\n${helm}\n`)
})

describe.each(['With kustomize', 'With plain YAML', 'With Helm'])('%s, as the page says it', way => {
  it('installs on an empty cluster, and a post through the Service has the kubelet start pods', async () => {
    await removeAll()
    const began = performance.now()
    const cwd = await withRelease()
    const { code, stderr, stdout } = await shell(commandsUnder(way).replace('REGISTRY', 'docker.io/library'), { cwd })
    expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' })
    console.log(`${way}: ${((performance.now() - began) / 1000).toFixed(1)} s`)
    const isSingle = way === 'With Helm'
    await (isSingle
      ? succeed('kubectl -n receiver-hooks rollout status deployment/receiver-hooks-trigger --timeout=110s')
      : rolledOut())
    const counts = [await podsOf('controller'), await podsOf('trigger')].map(pods => pods.length)
    expect(counts).toEqual(isSingle ? [0, 1] : [2, 2])
    const { namespace, path } = await openShop()
    expect(await postToService(`http://${await serviceIP()}${await path()}`)).toMatchObject({
      status: 200,
      body: { to: 2 },
    })
    await succeed(`kubectl -n ${namespace} rollout status deployment/web --timeout=100s`)
    expect(await succeed(blockWith('docs/how-to/operate.md', 'console', '/readyz'))).toContain('readyz check passed')

    expect(await shell(removal(way), { cwd })).toMatchObject({ code: 0, stderr: '' })
    const left = await succeed('kubectl get namespaces,crds,clusterroles -o name')
    expect(left.includes('receiver-hooks')).toBe(way === 'With Helm')
  })
})

describe.each(['single', 'ha'])('the overlay %s', name => {
  it('reaches Ready, and takes posts', async () => {
    await succeed('kubectl label node node-1 topology.kubernetes.io/zone=a --overwrite')
    await succeed(`kubectl apply -k deploy/kustomize/overlays/${name}`)
    await succeed('kubectl -n receiver-hooks rollout status deployment/receiver-hooks-trigger --timeout=110s')
    expect(await podsOf('trigger')).toHaveLength(name === 'single' ? 1 : 3)
    expect(await podsOf('controller')).toHaveLength(name === 'single' ? 0 : 2)
    const { path } = await openShop()
    expect(await postToService(`http://${await serviceIP()}${await path()}`)).toMatchObject({
      status: 200,
      body: { to: 2 },
    })
    await succeed(`kubectl delete -k deploy/kustomize/overlays/${name} --ignore-not-found`)
  })
})

it('the overlay for one namespace serves its hooks, installed by somebody who has that namespace alone', async () => {
  await succeed('kubectl apply -k deploy/kustomize/cluster')
  const yard = `yard-${randomBytes(3).toString('hex')}`
  await succeed(`kubectl create namespace ${yard}`)
  const folder = await mkdtemp(join(process.cwd(), 'node_modules/.cache-overlay-'))
  onTestFinished(async () => {
    await rm(folder, { recursive: true })
    await succeed(`kubectl delete clusterrolebinding ${yard} --ignore-not-found`)
    await succeed(`kubectl delete namespace ${yard} --wait=false`)
  })
  for (const role of ['admin', 'receiver-hooks-install']) {
    await succeed(`kubectl -n ${yard} create rolebinding ann-${role} --clusterrole=${role} --user=ann`)
  }
  const account = `--serviceaccount=${yard}:receiver-hooks-trigger`
  await succeed(`kubectl create clusterrolebinding ${yard} --clusterrole=receiver-hooks-records ${account}`)
  const overlay = `namespace: ${yard}\nresources: [../../deploy/kustomize/overlays/namespaced]\n`
  await writeFile(join(folder, 'kustomization.yaml'), overlay)
  const applied = await shell(`kubectl apply -k ${folder} --as=ann`)
  expect(applied).toMatchObject({ code: 0, stderr: '' })
  for (const role of ['controller', 'trigger']) {
    await succeed(`kubectl -n ${yard} rollout status deployment/receiver-hooks-${role} --timeout=110s`)
  }
  const objects = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${yard}}
spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'pause:1'}]}}}
---
apiVersion: receiverhooks.dev/v1alpha1
kind: ReceiverHook
metadata: {name: web-up, namespace: ${yard}}
spec: {driver: scale, scale: {target: {name: web}, action: up, max: 3}}
`
  await succeed('kubectl apply -f - --as=ann', objects)
  await succeed(`kubectl -n ${yard} wait --for=condition=Ready receiverhook/web-up --timeout=60s`)
  const url = await succeed(`kubectl -n ${yard} get receiverhook web-up -o jsonpath='{.status.triggerURL}'`)
  const ip = await succeed(`kubectl -n ${yard} get service receiver-hooks-trigger -o jsonpath='{.spec.clusterIP}'`)
  const named = { headers: { 'idempotency-key': 'one' } }
  const path = new URL(url).pathname
  expect(await postToService(`http://${ip}${path}`, undefined, named)).toMatchObject({ status: 200, body: { to: 2 } })
  expect(await postToService(`http://${ip}${path}`, undefined, named)).toMatchObject({
    status: 200,
    body: { outcome: 'skipped' },
  })
})
