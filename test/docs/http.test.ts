import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isObject, tryParseJson } from '../../src/api/json.ts'
import { until } from '../support/product.ts'
import { personWithPlayground } from './bash.ts'

const page = readFileSync('docs/reference/http.md', 'utf8')

/** Returns the first cells of the rows of a table, by the first cell of its head. */
const firstCells = (head: string): readonly string[] => {
  const [, table = ''] = page.split(new RegExp(`^\\| ${head} \\|.*\\n`, 'm'))
  const [rows = ''] = table.split('\n\n')
  return [...rows.matchAll(/^\| `?(\w+)`? \|/gm)].map(([, cell = '']) => cell)
}

/** What stands behind `curl`, the status that the page says, and what else it says of the answer. */
const requests: readonly (readonly [words: string, status: number, ...said: string[]])[] = [
  ['-X POST $URL', 200, '"reason":"Stepped"', 'cache-control: no-store'],
  ['-X POST "$URL?dryRun=true"', 200, '"dryRun":true'],
  ['-X POST "$URL?dry-run=server"', 400, '"reason":"BadQuery"'],
  ['-X POST "$URL?from=me&dryRun=true"', 200, '"reason":"Stepped"'],
  ['-H "Content-Type: application/json" -d "no JSON" $URL', 400, '"reason":"BodyUnreadable"'],
  ['-H "Content-Type: text/plain" -d "[1" $URL', 400, '"reason":"BodyUnreadable"'],
  ['-H "Content-Type: text/plain" -d "no JSON" "$URL?dryRun=true"', 200, '"reason":"Stepped"'],
  ['-X POST $URL/more', 404, '"reason":"UnknownToken"'],
  ['-X POST ${URL}x', 404, '"reason":"UnknownToken"'],
  ['-X POST -H "Authorization: Bearer ${URL##*/}" ${URL%/*}', 200, '"reason":"Stepped"'],
  ['-X POST ${URL%/*}', 401, '"reason":"UnknownToken"', 'www-authenticate: bearer'],
  ['$URL', 405, '"reason":"MethodNotAllowed"', 'allow: POST'],
  ['-H "Accept: text/html" $URL', 405, 'content-type: text/plain'],
  ['${URL%%/v1/*}/', 200, 'content-type: text/plain'],
  [
    '-H "Content-Encoding: br" -d x $URL',
    415,
    '"reason":"EncodingNotSupported"',
    'accept-encoding: gzip, deflate, identity',
  ],
  ['-H "Expect: 200-ok" -d x $URL', 417],
  ['-X POST -H "X-Long: $(head -c 12400 /dev/zero | tr "\\0" x)" $URL', 431],
]

it('the page on HTTP says what requests with curl are answered, and has every member of an answer', async () => {
  const { run } = await personWithPlayground()
  await run('kubectl wait --for=condition=Ready receiverhooks --all --timeout=100s')
  const url = (await run('kubectl receiverhook url web-up')).trim()
  const answers: string[] = []
  for (const [words, status, ...said] of requests) {
    // On a busy machine the API server may not answer in time. Then nothing was done, and a sender tries again.
    const answer = await until(
      () => run(`URL=${url}; curl --silent --include ${words}`),
      text => !/^HTTP\/1.1 503 /m.test(text),
    )
    const seen = `curl ${words}\n${answer}`
    expect(seen).toMatch(new RegExp(`^HTTP/1.1 ${status} `, 'm'))
    for (const part of said) expect(seen).toMatch(new RegExp(part, 'i'))
    answers.push(answer.split('\r\n\r\n')[1] ?? '')
  }
  const pushed = `-d '{"image": "nginx:missing"}' -H 'Content-Type:' -H 'Idempotency-Key: push-1'`
  answers.push(await run(`curl --silent ${pushed} "$(kubectl receiverhook url web-push)?wait=0s"`))
  answers.push(
    await until(
      () => run(`curl --silent ${pushed} "$(kubectl receiverhook url web-push)?wait=1s"`),
      text => text.includes('"causes":'),
    ),
  )
  await run(`kubectl patch receiverhook web-up --type=merge -p '{"spec": {"for": "2h"}}'`)
  answers.push(
    await until(
      () => run(`curl --silent --request POST ${url}?dryRun=true`),
      text => text.includes('"until":'),
    ),
  )
  await run('kubectl -n shop create secret generic senders --from-literal=token=secret')
  const auth = `{"spec": {"auth": {"bearer": {"secretKeyRef": {"name": "senders", "key": "token"}}}}}`
  await run(`kubectl -n shop patch receiverhook web-down --type=merge -p '${auth}'`)
  answers.push(
    await until(
      () =>
        run(
          `curl --silent -H 'Authorization: Bearer secret' -X POST "$(kubectl receiverhook url web-down)?dryRun=true"`,
        ),
      text => text.includes('"by":'),
    ),
  )
  await run(`kubectl -n shop patch receiverhook web-down --type=merge -p '{"spec": {"approval": {"within": "15m"}}}'`)
  answers.push(
    await until(
      () => run(`curl --silent -H 'Authorization: Bearer secret' -X POST "$(kubectl receiverhook url web-down)"`),
      text => text.includes('"request":'),
    ),
  )
  const closed = `{"spec": {"windows": {"except": [{"from": "2020-01-01T00:00:00Z", "to": "2999-01-01T00:00:00Z"}]}}}`
  await run(`kubectl patch receiverhook web-up --type=merge -p '${closed}'`)
  answers.push(
    await until(
      () => run(`curl --silent --request POST ${url}?dryRun=true`),
      text => text.includes('OutsideWindow'),
    ),
  )
  for (const status of new Set(requests.map(([, said]) => said))) expect(page).toContain(` ${status}`)
  const members = answers.map(tryParseJson).filter(isObject).flatMap(Object.keys)
  expect([...new Set(members)].toSorted()).toEqual(firstCells('member').toSorted())
}, 120_000)
