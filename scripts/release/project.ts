import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { site } from '../../src/api/site.ts'

/**
 * Where the project is published. Set these before the first release, and run `npm run generate`. Until then they are placeholders:
 * nobody has these accounts for the project. The product prints the address of the site: src/api/site.ts has it.
 */
export const project = {
  repository: 'https://github.com/example/receiver-hooks',
  /** Where the image is, and the chart below `charts/`. */
  registry: 'ghcr.io/example',
  site,
  /** Artifact Hub shows the ID after a maintainer has registered the repository of the chart. */
  artifactHubID: '00000000-0000-0000-0000-000000000000',
}

/** The files that are written by hand and have these addresses. */
export const addressedFiles = [
  '.github/security-insights.yml',
  'deploy/helm/artifacthub-repo.yml',
  'docs/how-to/gitops.md',
  'docs/how-to/verify-a-release.md',
] as const

const placeholder =
  /https:\/\/github\.com\/example\/receiver-hooks|ghcr\.io\/example|(?<=[ "])example\/receiver-hooks|0{8}(?:-0{4}){3}-0{12}/g

/** Returns a text with the addresses of a project in the place of placeholders. */
export const addressed = (text: string, to = project): string =>
  text.replaceAll(placeholder, found => {
    if (found.startsWith('0')) return to.artifactHubID
    if (found.startsWith('ghcr')) return to.registry
    return found.startsWith('https') ? to.repository : new URL(to.repository).pathname.slice(1)
  })

/** Returns what is still a placeholder in the files that people get, such as `FILE: ghcr.io/example`. */
export const placeholdersLeft = (): readonly string[] =>
  execFileSync('git', ['ls-files', '-z', '.github', 'deploy', 'docs'], { encoding: 'utf8' })
    .split('\0')
    .filter(file => /\.(?:json|md|ya?ml)$/.test(file))
    .flatMap(file => [...new Set(readFileSync(file, 'utf8').match(placeholder))].map(text => `${file}: ${text}`))
