import { signal } from '@preact/signals'
import type { Finding } from '../protocol.ts'
import { askServer } from './ask.ts'
import { whileShown } from './browser.ts'
import { PageLink } from './parts/links.tsx'

/** What the last look at the installation has found. Undefined before the first one. */
const health = signal<readonly Finding[] | undefined>(undefined)

/** When the first look begins, so that it does not delay the list, and how often one follows, in milliseconds. */
const firstMs = 3_000
const everyMs = 5 * 60_000

/** Looks at the installation now and then, until the returned function is called. */
export const followHealth = (): (() => void) => {
  const cancel = whileShown(firstMs, everyMs, async () => {
    const answer = await askServer<readonly Finding[]>('GET', '/api/health')
    if (answer.ok) health.value = answer.body
  })
  return () => {
    cancel()
    health.value = undefined
  }
}

/** Says how many problems the installation has. Nothing for a user who may not look at it. */
export const HealthPill = () => {
  const seen = (health.value ?? []).filter(({ unseen }) => unseen !== true)
  const wrong = seen.filter(({ is }) => is === 'failure').length
  const warned = seen.some(({ is }) => is === 'warning')
  if (seen.length === 0) return null
  const text = wrong > 0 ? `${wrong} ${wrong === 1 ? 'problem' : 'problems'}` : warned ? 'Warnings' : 'Healthy'
  return (
    <PageLink
      class={`pill health ${wrong > 0 ? 'bad' : warned ? 'warn' : 'good'}`}
      to="/health"
      aria-label={`Health: ${text}`}
    >
      {text}
    </PageLink>
  )
}
