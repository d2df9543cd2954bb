import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const page = readFileSync('docs/explanation/security.md', 'utf8')

/** Titles of the tests that show what the page says, by the file that it names. */
const titles: Readonly<Record<string, readonly string[]>> = {
  'test/api/auth-signed.test.ts': [
    'takes a signed text once within twice the tolerance, however its posts are named',
    'takes a delivery once by its signed ID, even if a captured post comes again under another key',
  ],
  'test/api/auth.test.ts': [
    'is run by a post that proves it, and answers 401 in one way to every other',
    'counts once, however its posts are named, and its copies are duplicates',
  ],
  'test/api/believed-urls.test.ts': [
    'trigger posts where the controller publishes, says where, and never where a Secret points',
  ],
  'test/api/forward.test.ts': [
    'passes no token, no credential and no secret of auth on',
    'ends a post that two hooks pass on to one another',
    'fails where the Service answers 4xx, says no more than the status, and a copy tries again',
  ],
  'test/api/mcp.test.ts': [
    'is refused, and asks for nothing, with anything but its own confirm and a closed form',
    'has no word, URL or token that others have written, wherever they can write one',
  ],
  'test/api/named-urls.test.ts': [
    'is Stalled and answers 401 while its Secret has a weak value',
    'runs by it and by the former one, and no other place has it',
  ],
  'test/api/oidc.test.ts': [
    'is run by a token of its issuer, and by no other, at its named URL',
    'is Stalled with an issuer that the installation does not allow, in words that say what to do',
  ],
  'test/api/redeploy.test.ts': [
    'is rolled out where it runs, in every kind and every container of it, and nowhere else',
  ],
  'test/api/run-job.test.ts': ['makes one with the values of labels, and none on a dry run'],
  'test/api/traces.test.ts': [
    'a post without a valid token is exported by nobody',
    'a URL with a name exports only posts that have proved themselves, and shows no secret of its path',
  ],
  'test/browser/attack.test.ts': ['a page of another port, in a browser that is signed in'],
  'test/browser/hostile.test.ts': ['shows markup of any field as text, and no token of any field at all'],
  'test/browser/users.test.ts': [
    'is who asked the API server, in every line of its audit log',
    'a role binding that is deleted closes the open page at its next look',
  ],
  'test/cluster/accounts.test.ts': [
    'changes nothing in %s',
    'changes nothing in kube-system, and a hook there is not Ready',
    'is not made by anybody else, nor its content changed, but it may be labelled and deleted',
    "makes, changes and deletes a hook's Secret, and leaves others alone",
  ],
  'test/cluster/acting.test.ts': [
    'needs the right to impersonate it, and no right to the target',
    'misses each right of the account',
  ],
  'test/cluster/current.test.ts': ['what is revoked or edited takes effect within two seconds'],
  'test/cluster/forward.test.ts': ['needs the right to post to that very Service through the API server'],
  'test/cluster/installation.test.ts': ['may not write one on a $kind, but may once allowed to scale it'],
  'test/cluster/redeploy.test.ts': [
    'changes tags, digests, pull policies and annotations of its own, and nothing else',
  ],
  'test/cluster/refusals.test.ts': ['what is deleted, suspended or edited then is so within two seconds'],
  'test/cluster/requests.test.ts': ['is offered the hooks that its user may run, and runs no other one'],
  'test/cluster/restored/beneath.test.ts': ['a trigger beneath which etcd is restored ends'],
  'test/cluster/rights-taken.test.ts': ['it is no longer so that'],
  'test/cluster/rights.test.ts': ['every right of the base has its place in this table, once'],
  'test/cluster/run-job.test.ts': [
    'needs the rights to make Jobs, to read the CronJob, and to delete Jobs where the hook does',
  ],
  'test/cluster/slow-expressions.test.ts': [
    'two hundred expressions of one tenant that are slow to read hold up nobody else, at a restart neither',
  ],
  'test/controller/publish.test.ts': ['keeps its token, and the status loses it'],
  'test/controller/queue.test.ts': ['leaves workers free for others where one namespace has many keys that take long'],
  'test/dashboard/server/sign-in.test.ts': ['goes on for others where one address sends junk'],
  'test/drivers/forward.test.ts': [
    'is never dialled where it is no Service could have',
    'is never dialled where a Service has it in another place than its cluster IP',
    'with a redirect is not followed, wherever that leads',
  ],
  'test/environment/places.test.ts': [
    'a source gets in although others have all places: one that waits for its head makes room, of the source that has most',
  ],
  'test/environment/redact.test.ts': ['what looks like a token is replaced, and nothing else'],
  'test/expressions/worker/supervised.test.ts': [
    'namespaces take turns before their owners do: a hundred owners of one delay one of another by one',
  ],
  'test/flood/dashboard.test.ts': ['a dashboard of 256 MiB'],
  'test/flood/fat.test.ts': ['every role starts, stays within its memory, and other posts are answered as before'],
  'test/flood/id-tokens.test.ts': [
    'during 1000 wrong ID tokens a second from the same address, no good one is refused',
  ],
  'test/flood/memory.test.ts': ['a trigger of 320 MiB'],
  'test/flood/requests.test.ts': ['during a flood, the API server is asked for the good posts, and little else'],
  'test/flood/shared-address.test.ts': ['during bad posts from the same address, no good one is refused'],
  'test/operations/connections.test.ts': [
    'are bounded, and the kubelet gets in while others hold all places',
    'end if an answer is read too slowly',
  ],
  'test/operations/server.test.ts': ['are rendered once for many scrapes at once, and for those of the next second'],
  'test/record/ledgers.test.ts': [
    'belong to one hook each, even if a record in another namespace names the uid of that hook',
  ],
  'test/senders/never-throws.test.ts': ['no message makes a sender throw, or say what it may not'],
  'test/snippets/hostile.test.ts': ['no text of a hook becomes a command, a member or an expression'],
  'test/token/id-token.test.ts': ['signed with the public key as a secret', 'of a stranger with the right branch'],
  'test/token/issuer-keys.test.ts': [
    'are read again for a key that is not known, once in ten seconds',
    'keep a post waiting for two seconds at most, and 32 posts at once',
  ],
  'test/token/token.test.ts': ['is none when any one of its characters is changed'],
  'test/trigger/accounts.test.ts': ['never acts as an account whose name is none'],
  'test/trigger/named.test.ts': [
    'get one answer at one time, regardless of what is there and of what is wrong',
    'to %s are refused at one rate for all names while the cache is not proven to be current',
    'cost no request where no hook has the name, while the cache is proven to be current',
    'from one source is limited, and does not affect the sender of good ones',
    'that may be long, from elsewhere, does not shut out a sender that has proved itself there',
    'count no longer once the Secret was changed, within two seconds',
  ],
  'test/trigger/signed-proof.test.ts': [
    'has one reading: no part of an ID becomes the time, and no part of the time the body',
  ],
}

/** Returns the files of tests that a text names. */
const filesIn = (text: string): readonly string[] =>
  [...text.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file = '']) => file)

it('names tests in each row', () => {
  const rows = page
    .split('\n')
    .filter(line => /^\| (?!they try to |what is wrong |---)/.test(line) && !line.startsWith('|---'))
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.filter(row => filesIn(row).length === 0)).toEqual([])
})

it('names exactly the files whose tests are listed here', () => {
  expect([...new Set(filesIn(page))].toSorted()).toEqual(Object.keys(titles).toSorted())
})

describe.each(Object.entries(titles))('%s', (file, words) => {
  // A comment shows nothing: it is the title of a test.
  const code = readFileSync(file, 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  it.each(words)('has "%s"', title => {
    expect(code).toContain(title)
  })
})
