import type { IncomingMessage } from 'node:http'

/** The text for a person who opens the trigger's address. */
export const front = "Receiver Hooks: a hook's URL takes a POST here, and there is nothing to see.\n"

/**
 * The text for a person who opens the URL of a hook. It is the same for every token, so it does not
 * reveal which hooks exist. It does not repeat the token, because people copy and photograph such
 * pages.
 */
export const opened = `Opening a hook's URL runs nothing. A POST to it does:

    curl -X POST 'URL'

URL is the address that you have opened.
`

export const looks = ({ method }: Pick<IncomingMessage, 'method'>): boolean => method === 'GET' || method === 'HEAD'

/**
 * Returns whether a person may have opened the URL in a browser: the request only reads, and it
 * accepts HTML.
 */
export const isOpened = (request: Pick<IncomingMessage, 'headers' | 'method'>): boolean =>
  looks(request) && request.headers.accept?.includes('text/html') === true
