import { isValidElement, type ComponentChildren } from 'preact'
import { expect, it } from 'vitest'
import { pageURL } from '../../../src/api/site.ts'
import { Prose } from '../../../dashboard/page/words/prose.tsx'

/** Returns the elements of a sentence, as `tag: text -> address`. */
const elementsOf = (text: string): readonly string[] => {
  const children: ComponentChildren = Prose({ text }).props.children
  return (Array.isArray(children) ? children : [children]).flatMap(child =>
    isValidElement<{ href?: string }>(child)
      ? [`${String(child.type)}: ${String(child.props.children)} -> ${child.props.href ?? ''}`]
      : [],
  )
}

it('an address of the product is a link, without the full stop after it', () => {
  const address = pageURL('docs/reference/http.md#limits-of-objects')
  expect(elementsOf(`Narrow \`selector\`: ${address}.`)).toEqual(['code: selector -> ', `a: ${address} -> ${address}`])
})

it('an address that a message quotes is no link', () => {
  expect(elementsOf('it answered 500: see https://evil.example/receiverhooks.dev/ for more')).toEqual([])
})
