import { parseImage } from '../api/image.ts'
import { at } from '../api/json.ts'
import { deliveryOfPushes, pushOf, unreadablePush } from './push.ts'
import type { Sender } from './sender.ts'

/**
 * The post of a script that has pushed an image. It has the image's name as `docker push` takes it,
 * and the image's digest if the script knows it.
 */
export const image: Sender = {
  name: 'image',
  about: {
    title: 'A script that has pushed an image',
    documentation: 'https://github.com/distribution/reference/blob/main/reference.go',
    identity:
      "The image; a repeat counts again after the hook's `dedupeWindow`. The header `Idempotency-Key` gives a post its own key.",
    retries: 'Up to the client. A post with an `Idempotency-Key` is safe to send again.',
    failures: "The answer's status and `message`.",
  },
  recognise: ({ json }) => at(json, 'image') !== undefined,
  parse: ({ json }) => {
    const named = at(json, 'image')
    const read = typeof named === 'string' ? parseImage(named) : undefined
    // `docker push` takes the tag `latest` by default.
    const tag = read?.tag ?? (read?.digest === undefined ? 'latest' : undefined)
    const push = read && pushOf({ repository: read.name, tag, digest: read.digest })
    return push
      ? deliveryOfPushes('image', [push])
      : unreadablePush('image', 'image, with a tag where it has a digest: ghcr.io/acme/web:1.4.2')
  },
}
