import fc from 'fast-check'
import { expect, test } from 'vitest'
import { descendants, element, parseXml, writeXml } from '../../../../src/modules/pcs/xml.ts'

test('elements, attributes, entities, comments and CDATA are read', () => {
  const root = parseXml(
    `<?xml version="1.0"?>\n<!DOCTYPE cib SYSTEM "x.dtd">\n<!-- a --><cib a="x &lt;&#38;&#x41;&quot;" b='"'>\n <n/>te&amp;xt<![CDATA[<raw>]]><!-- c --><n id="2"></n >\n</cib>\n`,
  )
  expect(root.attrs).toEqual({ a: 'x <&A"', b: '"' })
  expect(root.children.map(({ attrs }) => attrs)).toEqual([{}, { id: '2' }])
  expect(root.text.trim()).toBe('te&xt<raw>')
  expect(descendants(root, 'n')).toHaveLength(2)
})

test.each([
  ['', 'expected'],
  ['<a>', 'ends inside'],
  ['<a></b>', '"</a" expected'],
  ['<a b="1" b="2"/>', 'given twice'],
  ['<a b=1/>', 'not quoted'],
  ['<a b="<"/>', '"<" in the value'],
  ['<a b="&nbsp;"/>', 'unknown entity "&nbsp;"'],
  ['<a>&lt</a>', 'unknown entity "&lt"'],
  ['<a/><b/>', 'after the last element'],
  ['<!DOCTYPE a [<!ENTITY b "c">]><a/>', 'name of an element'],
  ['Error: no cluster', '"<" expected'],
])('%s is refused', (text, message) => {
  expect(() => parseXml(text)).toThrow(message)
})

const attrs = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z-]{0,5}$/),
  fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\u0000')),
)

test('what is written is read back equal', () => {
  fc.assert(
    fc.property(attrs, attrs, (outer, inner) => {
      const tree = element('a', outer, [element('b', inner), element('c', {})])
      expect(parseXml(writeXml(tree))).toEqual(tree)
    }),
  )
})
