import { apiVersion, hookKind } from '../../../src/api/names.ts'
import type { HookDetail } from '../../protocol.ts'
import { CopyButton } from '../parts/notice.tsx'
import { Coloured } from '../words/prose.tsx'
import { toYaml } from '../words/yaml.ts'

/** The stored hook as YAML: its spec, its conditions and most of its metadata. It shows no URL. */
export const YamlOf = ({ hook }: { hook: HookDetail }) => {
  const { conditions, created: creationTimestamp, generation, labels, name, namespace, spec, uid } = hook
  const yaml = toYaml({
    apiVersion,
    kind: hookKind,
    metadata: {
      name,
      namespace,
      uid,
      generation,
      creationTimestamp,
      ...(Object.keys(labels).length > 0 && { labels }),
    },
    spec,
    status: {
      conditions: conditions.map(({ message, reason, since: lastTransitionTime, status, type }) => ({
        type,
        status,
        reason,
        message,
        lastTransitionTime,
      })),
    },
  })
  return (
    <section class="card" aria-label="YAML">
      <details>
        <summary>YAML</summary>
        <pre class="yaml" tabIndex={0} aria-label="The hook as YAML">
          <Coloured yaml={yaml} />
        </pre>
        <CopyButton label="Copy YAML" said="The hook was copied." text={() => yaml} />
      </details>
    </section>
  )
}
