// Adds one to the count of a Deployment, and never more than ten thousand: node add.mjs PORT, then POST /NAME
import { createServer } from 'node:http'
import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'

const config = new KubeConfig()
config.loadFromDefault()
const apps = config.makeApiClient(AppsV1Api)
const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)

const addOne = async name => {
  const { spec } = await apps.readNamespacedDeploymentScale({ name, namespace: 'shop' })
  const replicas = Math.min((spec.replicas ?? 0) + 1, 10_000)
  await apps.patchNamespacedDeploymentScale({ name, namespace: 'shop', body: { spec: { replicas } } }, mergePatch)
}

createServer((request, response) => {
  request.resume()
  addOne(request.url.slice(1)).then(
    () => response.end('done\n'),
    error => response.writeHead(500).end(`${error.message}\n`),
  )
}).listen(Number(process.argv[2]), '127.0.0.1')
