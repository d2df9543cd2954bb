// Adds one to the count of a Deployment, and never more than ten thousand: node add-checked.mjs PORT, then POST /NAME
import { createServer } from 'node:http'
import { AppsV1Api, KubeConfig } from '@kubernetes/client-node'

const config = new KubeConfig()
config.loadFromDefault()
const apps = config.makeApiClient(AppsV1Api)

// The answer to the read says which version it is of. If that is no longer the newest, the write is a conflict: once more then.
const addOne = async name => {
  const scale = await apps.readNamespacedDeploymentScale({ name, namespace: 'shop' })
  scale.spec.replicas = Math.min((scale.spec.replicas ?? 0) + 1, 10_000)
  try {
    await apps.replaceNamespacedDeploymentScale({ name, namespace: 'shop', body: scale })
  } catch (error) {
    if (error.code !== 409) throw error
    await addOne(name)
  }
}

createServer((request, response) => {
  request.resume()
  addOne(request.url.slice(1)).then(
    () => response.end('done\n'),
    error => response.writeHead(500).end(`${error.message}\n`),
  )
}).listen(Number(process.argv[2]), '127.0.0.1')
