import { anyProof } from './proof.ts'
import { shellWord, shortName, yamlBlock, yamlText } from './quote.ts'
import { isSigned, keptSecret, postLines, secretsOf } from './script.ts'
import type { Snippet } from './snippet.ts'

/** A CronJob in the cluster, in the hook's namespace. */
export const cronJob: Snippet = {
  name: 'cron-job',
  title: 'CronJob',
  group: 'scripts',
  proves: anyProof,
  pushes: false,
  texts: hook => {
    const { auth, name, namespace, secretName } = hook
    const { post, value, variable } = keptSecret(hook)
    // The key in the Secret. It is one of the keys that the Secret of `token.secretName` has.
    const key = variable === 'HOOK_URL' ? 'url' : 'token'
    return [
      ...(secretName === undefined
        ? [
            {
              where: `A terminal, once: the CronJob reads the ${key === 'url' ? 'URL' : 'token'} from a Secret.${hook.hasNamedURL ? '' : ' A hook with `spec.token.secretName` has one that follows each rotation.'}`,
              language: 'console' as const,
              text: `kubectl -n ${shellWord(namespace)} create secret generic ${shellWord(`${name}-url`)} --from-literal=${shellWord(`${key}=${value}`)}\n`,
            },
          ]
        : []),
      {
        where:
          "kubectl apply. The name of each Job is its delivery's idempotency key, so that a pod that is started again does nothing more.",
        language: 'yaml' as const,
        text: `apiVersion: batch/v1
kind: CronJob
metadata:
  name: ${yamlText(shortName(name, 52))}
  namespace: ${yamlText(namespace)}
spec:
  schedule: '0 7 * * *'
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  jobTemplate:
    spec:
      backoffLimit: 3
      ttlSecondsAfterFinished: 86400
      template:
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: post
              image: curlimages/curl:8.17.0${
                isSigned(auth) ? ' # It has no openssl to sign with: take an image that has both.' : ''
              }
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              resources:
                requests: { cpu: 10m, memory: 16Mi }
                limits: { memory: 32Mi }
              env:
                - name: KEY
                  valueFrom:
                    fieldRef:
                      fieldPath: metadata.labels['batch.kubernetes.io/job-name']
${[{ variable, secret: secretName ?? `${name}-url`, key }, ...secretsOf(auth)]
  .map(
    ({ key, secret, variable }) => `                - name: ${variable}
                  valueFrom:
                    secretKeyRef:
                      name: ${yamlText(secret)}
                      key: ${yamlText(key)}
`,
  )
  .join('')}              command:
                - sh
                - -c
                - ${yamlBlock(postLines({ auth, ...post, key: '$KEY' }).join('\n'), 18)}
`,
      },
    ]
  },
}
