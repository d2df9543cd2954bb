import { describe, expect, it } from 'vitest'
import { byClaims, byEntry, byInWords } from '../../src/api/by.ts'

const github = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:acme/web:environment:production',
  repository: 'acme/web',
  run_id: '12',
  run_attempt: '2',
  sha: 'c0ffee',
  actor: 'ann',
}
const gitlab = {
  iss: 'https://gitlab.com',
  sub: 'project_path:acme/web',
  project_path: 'acme/web',
  job_id: '7',
  sha: '1',
}

describe('who has sent a delivery', () => {
  it.each([
    [github, { repository: 'acme/web', run: '12-2', sha: 'c0ffee', subject: github.sub, issuer: github.iss }],
    [gitlab, { repository: 'acme/web', run: '7', sha: '1', subject: gitlab.sub, issuer: gitlab.iss }],
    [{ sub: 'system:serviceaccount:ci:deployer' }, { subject: 'system:serviceaccount:ci:deployer' }],
    [{ repository: 'a'.repeat(161), run_id: {}, sha: ['x'], sub: 'a\u001b[31m' }, undefined],
    [{ email: 'ann@example.com', name: 'Ann', actor: 'ann' }, undefined],
  ])('is what the claims name, and no person: %o', (claims, by) => {
    expect(byClaims(claims)).toEqual(by)
  })

  it('takes 320 characters at most, and no member is cut', () => {
    const long = { repository: 'r'.repeat(160), sha: 's'.repeat(120), sub: 'u'.repeat(60), iss: 'i'.repeat(40) }
    expect(byClaims(long)).toEqual({ repository: long.repository, sha: long.sha, issuer: long.iss })
  })

  it.each([
    [undefined, ''],
    [byClaims(github), 'acme/web run 12-2'],
    [{ repository: 'acme/web' }, 'acme/web'],
    [{ subject: 'system:serviceaccount:ci:deployer', issuer: 'https://a' }, 'system:serviceaccount:ci:deployer'],
    [byEntry('senders', 'token'), 'Secret/senders/token'],
  ])('is said in words: %o', (by, words) => {
    expect(byInWords(by)).toBe(words)
  })
})
