import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { at, isObject, stringAt } from '../../../src/api/json.ts'
import { collectionPath } from '../../../src/kube/paths.ts'
import { read, send } from '../../../src/kube/requests.ts'
import { hooks, secrets } from '../../../src/kube/resources.ts'
import { exampleThresholds } from '../../../scripts/demo/examples.ts'
import { serveLoad, type Load } from '../../../scripts/demo/load.ts'
import { manifestsIn, kindOf } from '../../deploy/manifests.ts'
import { says } from '../../support/minting.ts'
import { cluster, type Cluster } from '../../support/product.ts'
import { program } from '../../support/program.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { freePort } from '../control-plane/ports.ts'
import { installation, rightsOfBase, rightsToSecrets } from '../installation.ts'
import { deliveriesIn, type Delivered } from './delivered.ts'
import { watchDeployment, type Watched } from './path.ts'

/** The Deployment `web` with its load, and the hooks of deploy/examples/alertmanager on it. */
export interface Shop extends Cluster {
  readonly watched: Watched
  readonly load: Load
  /** Whether the rules ask for nothing more, once as many pods are there as are wanted now. */
  readonly isEnough: () => Promise<boolean>
  /** What the trigger has answered so far. */
  readonly deliveries: () => readonly Delivered[]
  /** The URLs of the hooks `web-up` and `web-down`. */
  readonly urls: Readonly<Record<HookName, string>>
}

const thresholds = exampleThresholds()

const hookNames = ['web-up', 'web-down'] as const

export type HookName = (typeof hookNames)[number]

/** Runs both roles, each in a process of its own as its own service account, until the test ends. */
export const openShop = async (
  { kubeconfig }: ControlPlane,
  {
    dedupeWindow,
    replicas,
    total,
  }: { readonly dedupeWindow: string; readonly replicas: number; readonly total: number },
): Promise<Shop> => {
  const here = await cluster(kubeconfig)
  await here.createDeployment('web', replicas)
  const watched = await watchDeployment(here, 'web')
  const load = await serveLoad(total, () => watched.now().ready)
  onTestFinished(load.close)
  const deliveries = await startRoles(here)
  await createHooks(here, dedupeWindow)
  const urls = { 'web-up': await urlOf(here, 'web-up'), 'web-down': await urlOf(here, 'web-down') }
  await here.until(
    async () => watched.now().ready,
    ready => ready === replicas,
    30_000,
  )
  const isEnough = async (): Promise<boolean> => {
    const each = (load.totals.at(-1)?.total ?? 0) / (await here.replicas('web'))
    return each >= thresholds.idle && each <= thresholds.busy
  }
  return { ...here, watched, load, urls, isEnough, deliveries: () => deliveriesIn(deliveries) }
}

/** Puts URLs where Alertmanager looks for them, as a mounted Secret does: a file a hook, without a line feed. */
export const writeUrls = async (folder: string, urls: Shop['urls']): Promise<string> => {
  await mkdir(folder, { recursive: true })
  for (const name of hookNames) await writeFile(join(folder, name), urls[name])
  return folder
}

/** Resolves with the trigger's log, which grows. */
const startRoles = async (here: Cluster): Promise<readonly string[]> => {
  const { kubeconfigs } = await installation(here, [...rightsOfBase(), ...rightsToSecrets()])
  const port = String(await freePort())
  const flags = ['--namespace', here.systemNamespace, '--watch-namespace', here.namespace, '--host', '127.0.0.1']
  const more = ['--operations-port', '0', '--shutdown-delay', '0']
  const publicURL = ['--public-url', `http://127.0.0.1:${port}`]
  const controller = program([
    'serve',
    'controller',
    ...flags,
    ...more,
    ...publicURL,
    '--kubeconfig',
    kubeconfigs.controller,
  ])
  const trigger = program([
    'serve',
    'trigger',
    ...flags,
    ...more,
    '--trigger-port',
    port,
    '--kubeconfig',
    kubeconfigs.trigger,
  ])
  await Promise.all([says(controller, 'started'), says(trigger, 'started')])
  return trigger.lines
}

const createHooks = async ({ api, namespace }: Cluster, dedupeWindow: string): Promise<void> => {
  for (const { object } of manifestsIn('deploy/examples/alertmanager')) {
    if (kindOf(object) !== hooks.kind) continue
    const [metadata, spec] = [at(object, 'metadata'), at(object, 'spec')]
    if (!isObject(object) || !isObject(metadata) || !isObject(spec)) throw new Error('a hook has metadata and a spec')
    const body = JSON.stringify({
      ...object,
      metadata: { ...metadata, namespace },
      spec: { ...spec, dedupeWindow },
    })
    await send(api, { method: 'POST', path: collectionPath(hooks, namespace), body })
  }
}

/** Returns the URL in a hook's Secret, as soon as it is there. */
const urlOf = async ({ api, namespace, until }: Cluster, name: HookName): Promise<string> => {
  const url = await until(
    async () => stringAt(await read(api, secrets, namespace, `${name}-url`), 'data', 'url'),
    found => found !== undefined,
  )
  return Buffer.from(url ?? '', 'base64').toString()
}
