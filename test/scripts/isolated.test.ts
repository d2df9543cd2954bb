import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('a test that shares the modules of a worker with others mocks none', () => {
  const list = readFileSync('vitest.config.ts', 'utf8')
  const mocks = (file: string): boolean =>
    /vi\.(?:doMock|hoisted|mock)\(|support\/mistakes\//.test(readFileSync(file, 'utf8'))
  const files = globSync('test/**/*.test.ts', { exclude: ['test/{browser,cluster,collector,flood,node,release}/**'] })
  const mocking = files.filter(file => !file.includes('/mistakes/') && mocks(file))
  expect(mocking).toContain('test/expressions/worker/no-memory.test.ts')
  expect(mocking.filter(file => !list.includes(`'${file}'`))).toEqual([])
})
