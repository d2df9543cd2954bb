import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { dashboard } from '../../dashboard/command.ts'
import { kubectl } from '../support/kubectl.ts'
import { kindOf, listAt, manifestsIn, nameOf, objectsIn, stringsAt } from './manifests.ts'

const component = 'deploy/kustomize/components/dashboard'
const objects = manifestsIn(component).map(({ object }) => object)
const named = (kind: string): unknown => objects.find(object => kindOf(object) === kind)
const pod = at(named('Deployment'), 'spec', 'template', 'spec')
const [container] = listAt(pod, 'containers')

describe('the component of the dashboard', () => {
  it('gives its pod no token, and its account no right', () => {
    expect([
      at(pod, 'automountServiceAccountToken'),
      at(named('ServiceAccount'), 'automountServiceAccountToken'),
    ]).toEqual([false, false])
    expect(objects.filter(object => /Role/.test(kindOf(object) ?? ''))).toEqual([])
  })

  it('runs one replica, since sessions are in its memory', () => {
    expect(at(named('Deployment'), 'spec', 'replicas')).toBe(1)
  })

  it('passes flags that the command has', () => {
    const [command, ...args] = stringsAt(container, 'args')
    expect(command).toBe('dashboard')
    const known = dashboard.options.map(({ flag }) => `--${flag}`)
    expect(args.map(arg => arg.split('=')[0]).filter(flag => !known.includes(flag ?? ''))).toEqual([])
    expect(args.filter(arg => arg.startsWith('--sign-in'))).toEqual(['--sign-in=token'])
    // Where the page of the dashboard patches them.
    expect(stringsAt(container, 'args')[1]).toBe('--sign-in=token')
    expect(stringsAt(container, 'args')[3]).toMatch(/^--dashboard-url=/)
  })

  it('asks for the keys of its own namespace, whichever an overlay sets', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'overlay-'))
    try {
      const from = (path: string): string => relative(folder, path)
      const overlay = {
        kind: 'Kustomization',
        namespace: 'shop',
        resources: [from('deploy/kustomize/overlays/namespaced')],
        components: [from(component)],
      }
      writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(overlay))
      const { stdout } = await kubectl('/dev/null', ['kustomize', folder])
      const found = objectsIn(stdout).find(
        object => kindOf(object) === 'Deployment' && nameOf(object) === 'receiver-hooks-dashboard',
      )
      expect(stringAt(found, 'metadata', 'namespace')).toBe('shop')
      const [of] = listAt(found, 'spec', 'template', 'spec', 'containers')
      expect(stringsAt(of, 'args')).toEqual(expect.arrayContaining(['--system-namespace=$(POD_NAMESPACE)']))
      expect(listAt(of, 'env')).toEqual([
        { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('listens on every address of IPv6 and IPv4: the kubelet asks the address of the pod, whichever that is', () => {
    expect(stringsAt(container, 'args').filter(argument => argument.startsWith('--host'))).toEqual(['--host=::'])
  })

  it('reaches DNS and the ports of API servers alone', () => {
    const egress = listAt(named('NetworkPolicy'), 'spec', 'egress')
    const ports = egress.flatMap(rule => listAt(rule, 'ports').map(port => at(port, 'port')))
    expect(ports).toEqual([443, 6443, 8443, 16_443, 53, 53])
    expect(at(named('NetworkPolicy'), 'spec', 'policyTypes')).toEqual(['Ingress', 'Egress'])
  })

  it('is restricted like the others', () => {
    expect(at(pod, 'securityContext', 'runAsNonRoot')).toBe(true)
    expect(stringAt(pod, 'securityContext', 'seccompProfile', 'type')).toBe('RuntimeDefault')
    expect(at(container, 'securityContext')).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    })
  })
})
