import { nothing } from './proof.ts'
import { yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A Trigger of Knative Eventing, which posts CloudEvents. */
export const cloudevents: Snippet = {
  name: 'cloudevents',
  title: 'CloudEvents',
  group: 'alerts',
  proves: nothing,
  pushes: false,
  texts: ({ name, namespace, url }) => [
    {
      where: '`kubectl apply`, for Knative Eventing. Replace com.example.queue.long with the type of your events.',
      language: 'yaml',
      text: `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: ${yamlText(name)}
  namespace: ${yamlText(namespace)}
spec:
  broker: default
  filter:
    attributes:
      type: com.example.queue.long
  delivery:
    retry: 5
    backoffPolicy: exponential
    backoffDelay: PT1S
  subscriber:
    uri: ${yamlText(url)}
`,
    },
  ],
}
