import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { controller } from '../support/minting.ts'
import { cluster, until, type Cluster } from '../support/product.ts'
import { program, type Program } from '../support/program.ts'
import { freePort } from './control-plane/ports.ts'
import { formerBundle } from './former.ts'
import { installation } from './installation.ts'

/** How many senders post at the same time, and how long each version runs together with the other at least, in deliveries. */
const senders = 4
const deliveriesBetween = 25

/** How long a process may take to start, or to serve so many deliveries, in milliseconds. */
const withinMs = 60_000

/** What goes before a port is posted to no more and its process ends, in milliseconds: a Service takes it out first. */
const drainMs = 200

let here: Cluster
let kubeconfig: string
beforeEach(async () => {
  here = await cluster()
  const { kubeconfigs } = await installation(here)
  kubeconfig = kubeconfigs.trigger
  controller({ ...here, kubeconfig: kubeconfigs.controller })
  await here.createDeployment('web', 0)
  await here.createHook('web', { target: { name: 'web' }, max: 1_000_000 }, { dedupeWindow: '10m' })
})

interface Replica {
  readonly port: number
  readonly program: Program
}

const start = async (file?: string): Promise<Replica> => {
  const [port, operationsPort] = [await freePort(), await freePort()]
  const started = program(
    [
      ...['serve', 'trigger', '--namespace', here.systemNamespace, '--watch-namespace', here.namespace],
      ...['--kubeconfig', kubeconfig, '--host', '127.0.0.1', '--trigger-port', String(port)],
      ...['--operations-port', String(operationsPort), '--shutdown-delay', '0', '--log-level', 'warn'],
    ],
    file,
  )
  await until(
    () =>
      fetch(`http://127.0.0.1:${operationsPort}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    ready => ready,
    withinMs,
  )
  return { port, program: started }
}

/** Replicas behind a Service, as its senders see them. */
const service = (path: string) => {
  const ready: Replica[] = []
  const done: string[] = []
  const over = new AbortController()
  onTestFinished(() => over.abort())
  let turn = 0
  let names = 0

  const post = async (name: string): Promise<number> => {
    const replica = ready[turn++ % ready.length]
    const headers = { 'idempotency-key': name }
    const url = `http://127.0.0.1:${replica?.port}${path}`
    return await fetch(url, { method: 'POST', headers }).then(
      ({ status }) => status,
      () => 0,
    )
  }
  /** Sends until it is answered 200, and then a copy to whichever replica has its turn. */
  const deliver = async (name: string): Promise<void> => {
    while ((await post(name)) !== 200) await wait(nodeClock, 50)
    done.push(name)
    await post(name)
  }
  const send = async (): Promise<void> => {
    while (!over.signal.aborted) await deliver(`delivery-${names++}`)
  }
  return {
    done,
    add: (replica: Replica) => void ready.push(replica),
    /** Takes a replica out, and ends it as the kubelet does. */
    remove: async (replica: Replica): Promise<void> => {
      ready.splice(ready.indexOf(replica), 1)
      await wait(nodeClock, drainMs)
      await replica.program.end('SIGTERM')
    },
    begin: (): Promise<unknown> => Promise.all(Array.from({ length: senders }, send)),
    end: () => over.abort(),
    /** Waits until so many more deliveries are done. */
    more: async (count: number): Promise<void> => {
      const wanted = done.length + count
      await until(
        () => Promise.resolve(done.length),
        so => so >= wanted,
        withinMs,
      )
    },
  }
}

it('each named delivery is one step through a rolling upgrade from one build to the next', async () => {
  const former = formerBundle()
  const replicas = service(new URL(await here.url('web')).pathname)
  const old = [await start(former), await start(former)]
  for (const replica of old) replicas.add(replica)
  const sending = replicas.begin()
  await replicas.more(deliveriesBetween)
  for (const replica of old) {
    replicas.add(await start())
    await replicas.more(deliveriesBetween)
    await replicas.remove(replica)
  }
  await replicas.more(deliveriesBetween)
  replicas.end()
  await sending
  expect(await here.replicas('web')).toBe(replicas.done.length)
})
