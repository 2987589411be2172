import { expect, test } from 'vitest'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import { reveal, Secret } from '../../../src/lib/secret.ts'
import { createTemplates } from '../../../src/template/template.ts'

const templates = createTemplates()
const scope = {
  name: 'pg1',
  port: 5432,
  list: ['a', 'b'],
  nested: { deep: { x: 1 } },
  none: null,
  secrets: { app: new Secret("it's"), both: { inner: new Secret('deep') } },
}
const render = (text: string): unknown => templates.render(text, scope, { file: 'x.yml', line: 3, col: 7 })

const failure = (text: string): HactlError => {
  try {
    render(text)
  } catch (error) {
    if (error instanceof HactlError) return error
    throw error
  }
  throw new Error(`${text} rendered`)
}

test('a whole expression keeps its type', () => {
  expect(render('{{ port }}')).toBe(5432)
  expect(render('{{ list }}')).toEqual(['a', 'b'])
  expect(render('{{ nested.deep }}')).toEqual({ x: 1 })
  expect(render('{{ eq name "pg1" }}')).toBe(true)
  expect(render('{{ none }}')).toBe(null)
})

test('text around an expression makes a string, without HTML escaping', () => {
  expect(render('host={{ name }} & port={{ port }}')).toBe('host=pg1 & port=5432')
  expect(render('{{ name }}{{ port }}')).toBe('pg15432')
})

test('a secret stays secret, alone, inside text and through helpers', () => {
  expect(render('{{ secrets.app }}')).toBeInstanceOf(Secret)
  const line = render('*:*:repl:{{ secrets.app }}')
  expect(String(line)).toBe('••••')
  expect(reveal(line as Secret)).toBe("*:*:repl:it's")
  expect(reveal(render('x {{ sql secrets.app }}') as Secret)).toBe("x 'it''s'")
  expect(reveal(render('{{ shorten secrets.app 2 }}') as Secret)).toBe('it')
  const tree = render('{{ secrets.both }}') as { inner: Secret }
  expect(reveal(tree.inner)).toBe('deep')
})

test('an undefined variable is an error at its position, with a suggestion', () => {
  const [diagnostic] = failure('a {{ prot }}').diagnostics
  expect(diagnostic).toMatchObject({
    code: 'template/undefined-variable',
    at: { file: 'x.yml', line: 3 },
    hint: 'did you mean "port"?',
  })
  expect(failure('{{ nested.deap.x }}').diagnostics[0]?.code).toBe('template/undefined-variable')
  expect(failure('{{#if prot}}x{{/if}}').diagnostics[0]?.code).toBe('template/undefined-variable')
  expect(failure('{{ join prot "," }}').diagnostics[0]?.code).toBe('template/undefined-variable')
})

test('default and defined accept what is missing', () => {
  expect(render('{{ default missing "x" }}')).toBe('x')
  expect(render('{{ defined missing }}')).toBe(false)
  expect(render('{{#if (defined missing)}}yes{{else}}no{{/if}}')).toBe('no')
})

test('a syntax error names its line', () => {
  expect(failure('a\n{{#if port}}\nb').diagnostics[0]).toMatchObject({ code: 'template/syntax' })
  expect(failure('{{ port').diagnostics[0]).toMatchObject({ code: 'template/syntax', at: { line: 3 } })
})

test('blocks see block parameters and the root', () => {
  expect(render('{{#each list as |x|}}{{x}}={{@root.port}};{{/each}}')).toBe('a=5432;b=5432;')
})

test('plain variables and the full engine agree', () => {
  const both = (text: string): unknown[] => [render(text), render(`${text}{{#if port}}{{/if}}`)]
  for (const text of [
    'a {{ name }} b',
    '{{name}}-{{ nested.deep.x }}',
    'x{{none}}y',
    '{{ list }} of {{ name }}',
  ]) {
    const [simple, full] = both(text)
    expect(simple).toBe(full)
  }
  expect(failure('a\n {{ nested.gone }}').diagnostics[0]?.at).toEqual({ file: 'x.yml', line: 4, col: 5 })
})
