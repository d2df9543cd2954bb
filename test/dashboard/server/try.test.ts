import { expect, it } from 'vitest'
import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { tryHook } from '../../../src/dashboard/server/try.ts'

const topicArn = 'arn:aws:sns:eu-central-1:123456789012:web-load'

const hook = {
  apiVersion,
  kind: hookKind,
  metadata: {
    name: 'web-up',
    namespace: 'shop',
    uid: 'uid-1',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { auth: { sns: { topicArn } } },
  status: { triggerURL: 'http://127.0.0.1:8080/v1/trigger/eyJ4.e30.c2ln', token: 'eyJ4.e30.c2ln' },
}

it('a hook that takes messages of one topic alone cannot be tried from the page, which says what to do', async () => {
  const unused = (): never => {
    throw new Error('nothing must be asked or posted')
  }
  const tried = tryHook({ request: unused, watch: unused }, unused, undefined, hook, {
    dryRun: true,
    key: 'one',
    now: 0,
  })
  await expect(tried).rejects.toMatchObject({
    status: 409,
    message: `this hook takes messages of ${topicArn} alone, which Amazon signs: publish one there to try it`,
  })
})
