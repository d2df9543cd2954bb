import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { addressed, addressedFiles, placeholdersLeft, project } from '../../../scripts/release/project.ts'

const own = {
  repository: 'https://git.example.org/team/hooks',
  registry: 'registry.example.org/team',
  site: 'https://hooks.example.org',
  artifactHubID: '12345678-1234-1234-1234-123456789012',
}

it.each(addressedFiles)('the addresses of a project reach all of %s', file => {
  const text = addressed(readFileSync(file, 'utf8'), own)
  expect(text).toMatch(/git\.example\.org|12345678-1234/)
  expect(text).not.toMatch(/github\.com\/example|ghcr\.io\/example|(?<!\/)example\/receiver-hooks|00000000-/)
  // A second run changes nothing.
  expect(addressed(text, own)).toBe(text)
})

it('the check names each file with a placeholder, and each is written by a run of generate', () => {
  const files = new Set(placeholdersLeft().map(line => line.slice(0, line.indexOf(': '))))
  expect(files.size > 0).toBe(addressed(project.repository, own) !== project.repository)
  const written: readonly string[] = [
    ...addressedFiles,
    'deploy/helm/receiver-hooks/Chart.yaml',
    'deploy/helm/receiver-hooks/files/alerts.yaml',
    'deploy/kustomize/components/prometheus-rule/prometheus-rule.yaml',
    'deploy/monitoring/alerts.test.yaml',
    'deploy/monitoring/alerts.yaml',
  ]
  expect([...files].filter(file => !written.includes(file))).toEqual([])
})
