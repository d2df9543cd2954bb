import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { personWithPlayground } from './bash.ts'

const page = readFileSync('docs/reference/http.md', 'utf8')

/** The first cells of the rows of a table, by the first cell of its head. */
const firstCells = (head: string): readonly string[] => {
  const [, table = ''] = page.split(new RegExp(`^\\| ${head} \\|.*\\n`, 'm'))
  const [rows = ''] = table.split('\n\n')
  return [...rows.matchAll(/^\| `?(\w+)`? \|/gm)].map(([, cell = '']) => cell)
}

/** What stands behind `curl … $URL`, and what the page says that comes of it. */
const requests: readonly (readonly [string, { status: number; reason?: string; header?: string }])[] = [
  ['-X POST $URL', { status: 200, reason: 'Stepped' }],
  ['-X POST "$URL?dryRun=true"', { status: 200, reason: 'Stepped', header: 'cache-control: no-store' }],
  ['-X POST "$URL?dry-run=server"', { status: 400, reason: 'BadQuery' }],
  ['-X POST "$URL?from=me&dryRun=true"', { status: 200, reason: 'Stepped' }],
  ['-H "Content-Type: application/json" -d "no JSON" $URL', { status: 400, reason: 'BodyUnreadable' }],
  ['-H "Content-Type: text/plain" -d "[1" $URL', { status: 400, reason: 'BodyUnreadable' }],
  ['-H "Content-Type: text/plain" -d "no JSON" "$URL?dryRun=true"', { status: 200, reason: 'Stepped' }],
  ['-X POST $URL/more', { status: 404, reason: 'UnknownToken' }],
  ['-X POST ${URL}x', { status: 404, reason: 'UnknownToken' }],
  ['$URL', { status: 405, reason: 'MethodNotAllowed', header: 'allow: POST' }],
  ['-H "Accept: text/html" $URL', { status: 405, header: 'content-type: text/plain' }],
  ['${URL%%/v1/*}/', { status: 200, header: 'content-type: text/plain' }],
  [
    '-H "Content-Encoding: br" -d x $URL',
    { status: 415, reason: 'EncodingNotSupported', header: 'accept-encoding: gzip, deflate, identity' },
  ],
  ['-H "Expect: 200-ok" -d x $URL', { status: 417 }],
  ['-X POST -H "X-Long: $(head -c 6200 /dev/zero | tr "\\0" x)" $URL', { status: 431 }],
]

it('the page on HTTP says what requests with curl are answered, and has every member of an answer', async () => {
  const { run } = await personWithPlayground()
  const url = (
    await run('kubectl wait --for=condition=Ready receiverhook/web-up >&2; kubectl receiverhook url web-up')
  ).trim()
  const seen = new Set<string>()
  for (const [words, { header, reason, status }] of requests) {
    const text = await run(`URL=${url}; curl --silent --include ${words}`)
    const [head = '', body = ''] = text.split('\r\n\r\n')
    expect(head, words).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    if (header !== undefined) expect(head.toLowerCase(), words).toContain(header.toLowerCase())
    if (reason !== undefined) {
      const answer: Readonly<Record<string, unknown>> = JSON.parse(body)
      expect(answer['reason'], words).toBe(reason)
      for (const member of Object.keys(answer)) seen.add(member)
    }
    if (status >= 400) expect(page, words).toContain(String(status))
  }
  const pushed = `-X POST -d '{"image": "nginx:1.30"}' "$(kubectl receiverhook url web-push)"`
  for (const member of Object.keys(JSON.parse(await run(`curl --silent ${pushed}`)))) seen.add(member)
  expect([...seen].toSorted()).toEqual(firstCells('member').toSorted())
}, 120_000)
