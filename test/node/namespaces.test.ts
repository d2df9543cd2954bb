import { expect, it, onTestFinished } from 'vitest'
import { postToService, rolledOut, serviceIP } from './installed.ts'
import { until } from '../support/product.ts'
import { openShop } from './shop.ts'
import { shell, succeed } from './support.ts'

const release = 'helm upgrade --install receiver-hooks deploy/helm/receiver-hooks --namespace receiver-hooks'
const values = '--create-namespace --wait --timeout 110s --set image.registry=docker.io/library'

/** Installs, or changes which namespaces are served. Without any, all are. */
const serve = async (...namespaces: readonly string[]): Promise<void> => {
  const which = namespaces.length === 0 ? 'drivers.scale.everywhere=true' : `watchNamespaces={${namespaces.join(',')}}`
  await succeed(`${release} ${values} --set '${which}'`)
  await rolledOut()
  // Former pods serve for some seconds more.
  await until(
    () => succeed("kubectl -n receiver-hooks get pods -o jsonpath='{.items[*].metadata.deletionTimestamp}'"),
    said => said === '',
  )
}

it(
  'serves all namespaces, then some, then one, and all again, and hooks keep their URLs',
  { timeout: 600_000 },
  async () => {
    onTestFinished(async () => {
      await shell('helm uninstall receiver-hooks --namespace receiver-hooks --wait')
    })
    // Another test may have left the product installed without Helm.
    await shell('kubectl delete receiverhooks --all --all-namespaces')
    await succeed('kubectl delete -k deploy/kustomize/base --ignore-not-found')
    await serve()
    const shops = [await openShop(), await openShop(), await openShop()] as const
    const paths = await Promise.all(shops.map(shop => shop.path()))
    const ip = await serviceIP()
    const answers = async (): Promise<readonly number[]> => {
      const posted = await Promise.all(paths.map(path => postToService(`http://${ip}${path}`)))
      return posted.map(({ status }) => status)
    }
    const counts = (): Promise<readonly number[]> => Promise.all(shops.map(shop => shop.replicas()))
    const [one, two] = shops

    expect([await answers(), await counts()]).toEqual([
      [200, 200, 200],
      [2, 2, 2],
    ])
    await serve(one.namespace, two.namespace)
    expect([await answers(), await counts()]).toEqual([
      [200, 200, 404],
      [3, 3, 2],
    ])
    const everywhere = await succeed('kubectl get clusterrolebindings -o name')
    // Other tests on this node have bound rights of drivers everywhere.
    expect(everywhere).not.toMatch(/receiver-hooks-(?:controller|trigger)(?:-targets)?$/m)
    await serve(one.namespace)
    expect([await answers(), await counts()]).toEqual([
      [200, 404, 404],
      [4, 3, 2],
    ])
    await serve()
    expect([await answers(), await counts()]).toEqual([
      [200, 200, 200],
      [5, 4, 3],
    ])
    expect(await Promise.all(shops.map(shop => shop.path()))).toEqual(paths)
  },
)
