import { version } from '../../src/version.ts'

const platforms = ['linux', 'darwin'].flatMap(os => ['amd64', 'arm64'].map(arch => ({ os, arch })))

/**
 * Returns the manifest of the plugin for Krew: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/. The plugin is a program
 * for Node, the same for each platform. Krew links only .exe on Windows, where people unpack the archive themselves.
 */
export const krewManifest = (uri: string, sha256: string) => ({
  apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
  kind: 'Plugin',
  metadata: { name: 'receiverhook' },
  spec: {
    version: `v${version}`,
    homepage: 'https://receiverhooks.dev',
    shortDescription: 'Run and manage URLs that act on the cluster',
    description: `Creates receiver hooks, shows what they did, posts to them, and says what
is wrong. A receiver hook is a URL: a POST to it scales a workload by a step,
redeploys it, or runs another action. Alerts, registries and scripts call it.
`,
    caveats: `Needs Node.js 20 or later as "node" in your PATH, and Receiver Hooks in the
cluster.
`,
    platforms: platforms.map(({ arch, os }) => ({
      selector: { matchLabels: { os, arch } },
      uri,
      sha256,
      bin: 'dist/kubectl-receiverhook.mjs',
      files: [
        { from: 'dist', to: '.' },
        { from: 'LICENSE', to: '.' },
        { from: 'NOTICES.txt', to: '.' },
      ],
    })),
  },
})
