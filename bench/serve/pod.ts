/** A pod of a Service: it reads each request, and answers 200. Argument: the port. */
import { createServer } from 'node:http'

const [port = ''] = process.argv.slice(2)
createServer((request, response) => {
  request.resume().once('end', () => response.end('{"ok":true}'))
}).listen(Number(port), '127.0.0.1')
