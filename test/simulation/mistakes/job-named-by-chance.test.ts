import { vi } from 'vitest'
import { jobNameOf } from '../../../src/drivers/run-job/jobs.ts'
import { isFound } from './mistake.ts'

let made = 0

// A Job has a name that no other has, and not the one of its delivery.
vi.mock(import('../../../src/drivers/run-job/manifest.ts'), async original => {
  const real = await original()
  return {
    ...real,
    jobOf: of => {
      const job = real.jobOf(of)
      return { ...job, metadata: { ...job.metadata, name: jobNameOf(of.hook.name, `${made++}`) } }
    },
  }
})

isFound(import.meta.url)
