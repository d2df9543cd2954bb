import { expect, it } from 'vitest'
import { explain } from '../../cli/explain.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'
import { ApiError } from '../../src/kube/errors.ts'

const forbidden = (message: string): ApiError =>
  new ApiError({ status: 403, headers: {}, body: JSON.stringify({ kind: 'Status', message }) }, 'POST /apis')

const explained = (message: string): string => explain(forbidden(message), { program: 'receiver-hooks' }).message

it.each([
  {
    from: 'the API server',
    message:
      'receiverhooks.receiverhooks.dev is forbidden: User "ann" cannot create resource "receiverhooks" in API group "receiverhooks.dev" in the namespace "shop"',
    says: 'ann may not create receiverhooks in the namespace shop',
    grants: '--verb=create --resource=receiverhooks.receiverhooks.dev\n',
  },
  {
    from: 'the policy of the authors',
    message:
      `receiverhooks.receiverhooks.dev "new" is forbidden: ValidatingAdmissionPolicy 'receiver-hooks-authors' with binding 'receiver-hooks-authors' ` +
      'denied request: ann may not scale Deployment/web: writing this hook needs the right to patch deployments/scale (API group apps) in namespace shop',
    says: 'ann may not patch deployments/scale in the namespace shop',
    grants: '--verb=patch --resource=deployments.apps/scale --resource-name=web\n',
  },
  {
    from: 'the policy of the authors, for the core group',
    message:
      'denied request: ann may not put a URL into a Secret: setting token.secretName needs the right to create secrets in namespace shop',
    says: 'ann may not create secrets in the namespace shop',
    grants: '--verb=create --resource=secrets\n',
  },
])('a refusal of $from names the right and the commands that grant it', ({ grants, message, says }) => {
  const text = explained(message)
  expect(text.split('\n')[0]).toContain(says)
  expect(text).toContain(`kubectl -n shop create role`)
  expect(text).toContain(grants)
})

it.each([
  ['auth0|5f7c', "--user='auth0|5f7c'"],
  ['Ann Smith; reboot', "--user='Ann Smith; reboot'"],
  [String.raw`CORP\\ann`, String.raw`--user='CORP\ann'`],
  ['https://idp.example.com#ann', "--user='https://idp.example.com#ann'"],
  ['ann@example.com', '--user=ann@example.com'],
])('the command that grants a right to %j is for this user when it is pasted', (user, subject) => {
  const text = explained(
    `is forbidden: User "${user}" cannot get resource "secrets" in API group "" in the namespace "a"`,
  )
  expect(text).toMatch(/create rolebinding /)
  expect(text).toContain(` ${subject}\n`)
})

it.each([
  ['a request', new ApiError({ status: 502, headers: {}, body: '' }, 'GET /apis')],
  ['a watch', new WatchRefused(502, '')],
])('an answer to %s that says nothing is explained by its status', (_, error) => {
  const explained = explain(error, { program: 'receiver-hooks' })
  expect(explained).toEqual({ message: 'the API server answered 502', exitCode: 3 })
})

it('a refusal in other words is passed on as it is', () => {
  expect(explained('a webhook denied the request: not on Fridays')).toBe('a webhook denied the request: not on Fridays')
})

it.each([
  {
    message:
      'configmaps "receiver-hooks-public-keys" is forbidden: User "bea" cannot patch resource "configmaps" in API group "" in the namespace "receiver-hooks"',
    grants: '--verb=patch --resource=configmaps --resource-name=receiver-hooks-public-keys',
    worth:
      'It allows stopping and starting all hooks, and nothing else while the admission policy receiver-hooks-public-keys is in force; without that policy, it also allows running every hook.',
  },
  {
    message:
      'receiverhooks.receiverhooks.dev "web-up" is forbidden: User "bea" cannot get resource "receiverhooks" in API group "receiverhooks.dev" in the namespace "shop"',
    grants: '--verb=get --resource=receiverhooks.receiverhooks.dev --resource-name=web-up',
    worth: 'Anyone who may read a hook has its URL, and so may run it.',
  },
  {
    message:
      'receiverhooks.receiverhooks.dev is forbidden: User "bea" cannot list resource "receiverhooks" in API group "receiverhooks.dev" in the namespace "shop"',
    grants: '--verb=list --resource=receiverhooks.receiverhooks.dev\n',
    worth: 'Anyone who may read a hook has its URL, and so may run it.',
  },
  {
    message:
      'denied request: bea may not act as ServiceAccount/scaler: setting serviceAccountName needs the right to impersonate serviceaccounts in namespace shop',
    grants: '--verb=impersonate --resource=serviceaccounts --resource-name=scaler',
    worth: 'It allows everything that scaler may do.',
  },
])(
  'a hint that grants is for one object where RBAC can, and says what the right is worth: $grants',
  ({ grants, message, worth }) => {
    const text = explained(message)
    expect(text).toContain(grants)
    expect(text.split('\n').at(-1)).toBe(worth)
  },
)

it('an address of this machine that cannot be reached may be that of a playground', () => {
  const said = (server: string) =>
    explain(new Unreachable(`the API server ${server}: refused`, false), {
      program: 'receiver-hooks',
    }).message
  expect(said('http://127.0.0.1:6443')).toContain(
    '\nIs the playground still running? Otherwise, look at the address with',
  )
  expect(said('https://example.com')).toContain('refused\nLook at the address with kubectl config view --minify.')
})
