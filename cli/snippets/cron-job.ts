import type { SentAuth } from '../../src/api/auth.ts'
import { ownIssuer, secretsOf } from './proof.ts'
import { shortName, yamlBlock, yamlText } from './quote.ts'
import { shellWord } from './shell-word.ts'
import { isSigned, keptSecret, postLines } from './script.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A CronJob in the cluster, in the hook's namespace. */
export const cronJob: Snippet = {
  name: 'cron-job',
  title: 'CronJob',
  group: 'scripts',
  proves: ownIssuer,
  pushes: false,
  texts: hook => {
    const { auth, name, namespace, secretName } = hook
    const { kept, post } = keptSecret(hook, false)
    // The key in the Secret. It is one of the keys that the Secret of `token.secretName` has.
    const key = kept?.is === 'URL' ? 'url' : 'token'
    return [
      ...(secretName === undefined && kept
        ? [
            {
              where: `In a terminal, once: the CronJob reads the ${kept.is} from a Secret.${hook.hasNamedURL ? '' : ' A hook with `spec.token.secretName` has one that follows each rotation.'}`,
              language: 'console' as const,
              text: `kubectl -n ${shellWord(namespace)} create secret generic ${shellWord(`${name}-url`)} --from-literal=${shellWord(`${key}=${kept.value}`)}\n`,
            },
          ]
        : []),
      {
        where:
          "kubectl apply. Each Job's name is its delivery's idempotency key, so a restarted pod does nothing more.",
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
${accountLine(hook)}          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: post
              image: curlimages/curl:8.17.0${
                isSigned(auth) ? ' # This image has no openssl to sign with: use one that has curl and openssl.' : ''
              }
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              resources:
                requests: { cpu: 10m, memory: 16Mi }
                limits: { memory: 32Mi }
${mountOf(auth)}              env:
                - name: KEY
                  valueFrom:
                    fieldRef:
                      fieldPath: metadata.labels['batch.kubernetes.io/job-name']
${[...(kept ? [{ variable: kept.variable, secret: secretName ?? `${name}-url`, key }] : []), ...secretsOf(auth)]
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
                - ${yamlBlock(postLines({ auth, ...post, key: '$KEY', idToken: `ID_TOKEN=$(cat ${tokenFolder}/token)` }).join('\n'), 18)}
${volumeOf(auth)}`,
      },
    ]
  },
}

/** The folder with the ID token of the pod. */
const tokenFolder = '/var/run/secrets/receiver-hooks'

/** Returns the account of the pod: the one in the claim `sub` of `auth.oidc`, if it is of the hook's namespace. */
const accountLine = ({ auth, namespace }: SnippetHook): string => {
  if (auth?.form !== 'oidc') return ''
  const [subject = ''] = auth.claims.find(({ name }) => name === 'sub')?.oneOf ?? []
  const beginning = `system:serviceaccount:${namespace}:`
  const account = subject.startsWith(beginning) ? subject.slice(beginning.length) : 'ACCOUNT'
  return `          serviceAccountName: ${yamlText(account)}\n`
}

const mountOf = (auth: SentAuth | undefined): string =>
  auth?.form === 'oidc'
    ? `              volumeMounts:
                - name: id-token
                  mountPath: ${tokenFolder}
                  readOnly: true
`
    : ''

/** Returns the volume in which the kubelet keeps a token for the audience of the hook. */
const volumeOf = (auth: SentAuth | undefined): string =>
  auth?.form === 'oidc'
    ? `          volumes:
            - name: id-token
              projected:
                sources:
                  - serviceAccountToken:
                      audience: ${yamlText(auth.audience)}
                      expirationSeconds: 600
                      path: token
`
    : ''
