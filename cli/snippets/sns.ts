import { shellWord } from './shell-word.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A subscription to an Amazon SNS topic, for example of CloudWatch's alarms. */
export const sns: Snippet = {
  name: 'sns',
  title: 'CloudWatch and Amazon SNS',
  group: 'alerts',
  proves: { forms: ['sns'] },
  pushes: false,
  texts: hook => [
    {
      where: `Run this command. SNS then posts a link that a person has to open to confirm the subscription. An Event of the hook shows the link; the product never opens it. Both signature versions are verified.${
        hook.auth === undefined
          ? " Replace this topic with yours, and set the hook's `auth.sns.topicArn` to the same: without that, anyone's topic may post to a leaked URL."
          : ''
      }`,
      language: 'sh',
      text: `aws sns subscribe --topic-arn ${shellWord(topicOf(hook))} \\
  --protocol ${hook.url.startsWith('http:') ? 'http' : 'https'} --notification-endpoint ${shellWord(hook.url)}
`,
    },
  ],
}

const topicOf = ({ auth }: SnippetHook): string =>
  auth?.form === 'sns' ? auth.topicArn : 'arn:aws:sns:eu-central-1:123456789012:web-load'
