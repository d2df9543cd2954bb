/**
 * Lists a collection again and again, as many service accounts of one namespace at a time, until the process is ended.
 * `lister.ts SERVER CA TOKEN PATH NAMESPACE ACCOUNTS AT-A-TIME`: each account lists that often at a time.
 */
import { readFileSync } from 'node:fs'
import { Pool } from 'undici'

const [server = '', ca = '', token = '', path = '', namespace = '', accounts = '1', atATime = '1'] =
  process.argv.slice(2)
const pool = new Pool(server, {
  allowH2: false,
  connections: Number(accounts) * Number(atATime),
  connect: { ca: readFileSync(ca, 'utf8') },
})

const listAs = async (account: string): Promise<never> => {
  const headers = { authorization: `Bearer ${token}`, 'impersonate-user': account }
  for (;;) {
    const { body } = await pool.request({ method: 'GET', path, headers })
    await body.dump({ limit: Number.MAX_SAFE_INTEGER })
  }
}

await Promise.all(
  Array.from({ length: Number(accounts) * Number(atATime) }, (_, index) =>
    listAs(`system:serviceaccount:${namespace}:lister-${index % Number(accounts)}`),
  ),
)
