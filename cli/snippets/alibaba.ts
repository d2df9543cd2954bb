import { nothing } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A trigger of Alibaba Cloud Container Registry. */
export const alibaba: Snippet = {
  name: 'alibaba',
  title: 'Alibaba Cloud Container Registry',
  group: 'images',
  proves: nothing,
  pushes: true,
  texts: ({ name, url }) => [
    {
      where:
        "The repository's page in the console, Triggers, Create. It posts only to port 443, by HTTPS. The hook expects images named registry.REGION.aliyuncs.com/NAMESPACE/NAME; where containers use an instance's host, list that name in `image` and the other in `pushedAs`.",
      language: 'json',
      text: jsonText({ 'Trigger Name': name, 'Trigger URL': url }),
    },
  ],
}
