import type { IncomingMessage } from 'node:http'

/** The words for somebody who opens the address of the trigger. */
export const front = 'Receiver Hooks: the URL of a hook takes a POST here, and there is nothing to see.\n'

/**
 * The words for somebody who opens the URL of a hook. They are the same for every token, so nobody learns which hooks
 * there are; and they repeat no token, since an answer is copied and photographed.
 */
export const opened = `Opening the URL of a hook runs nothing. A POST to it does:

    curl -X POST 'URL'

URL is the address that you have opened.
`

/** True for a request that looks, and changes nothing. */
export const looks = ({ method }: Pick<IncomingMessage, 'method'>): boolean => method === 'GET' || method === 'HEAD'

/** True for what a browser asks when a person opens an address: it wants a page before anything else. */
export const isOpened = (request: Pick<IncomingMessage, 'headers' | 'method'>): boolean =>
  looks(request) && request.headers.accept?.includes('text/html') === true
