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

test('a list or a map inside a text is an error with its place, null is nothing', () => {
  expect(failure('a {{ list }} of').diagnostics[0]).toMatchObject({
    code: 'template/failed',
    at: { file: 'x.yml', line: 3, col: 9 },
  })
  expect(failure('a {{ nested }}').diagnostics[0]?.summary).toContain('a map cannot stand inside a text')
  expect(render('x{{none}}y')).toBe('xy')
  expect(failure('a\n {{ nested.gone }}').diagnostics[0]?.at).toEqual({ file: 'x.yml', line: 4, col: 5 })
})

test('output of a host that looks like a mark of a secret is text and nothing else', () => {
  const marks = Array.from({ length: 6 }, (_, index) => `\uE000${index}\uE001`).join('')
  const seen = { ...scope, said: { stdout: `${marks}{{ secrets.app }}` } }
  for (const text of [
    'version {{lower said.stdout}}',
    '{{ concat secrets.app said.stdout }}',
    '{{ said.stdout }}',
  ]) {
    const result = templates.render(text, seen)
    const plain = reveal(result as Secret)
    expect(plain).toContain(marks)
    expect(plain).not.toContain('deep')
    expect(plain.replace("it's\uE000", '\uE000')).not.toContain("it's")
    expect(plain).toContain('{{ secrets.app }}')
  }
})

test.each([
  ['{{ json secrets.app }}', '"it\'s"'],
  ['{{ json secrets }}', '{"app":"it\'s","both":{"inner":"deep"}}'],
  ['{{ yaml secrets.both }}', '{"inner":"deep"}'],
  ["{{ concat 'a' secrets.app }}", "ait's"],
  ["{{ join (list name secrets.app) '+' }}", "pg1+it's"],
  ["{{ replace name '1' secrets.app }}", "pgit's"],
  ['{{ indent secrets.app 2 }}', "  it's"],
  ["{{ default secrets.app 'x' }}", "it's"],
  ["{{ first (split secrets.app '\\'') }}", 'it'],
  ['a {{#each secrets.both}}{{@key}}={{this}}{{/each}}', 'a inner=deep'],
  ['a {{#if secrets.app}}{{ secrets.app }}{{/if}}', "a it's"],
])('%s keeps the secret sealed and right', (text, plain) => {
  const result = render(text)
  expect(result).toBeInstanceOf(Secret)
  expect(reveal(result as Secret)).toBe(plain)
})

test('secrets can be compared', () => {
  expect(render('{{ eq secrets.app "it\'s" }}')).toBe(true)
  expect(render('{{ ne secrets.app secrets.app }}')).toBe(false)
  expect(render('{{ in secrets.app (list "a" "it\'s") }}')).toBe(true)
})

test.each(['{{ length secrets.app }}', '{{ add secrets.app 1 }}', '{{#each secrets.app}}x{{/each}}'])(
  '%s is an error with its place',
  (text) => {
    const [diagnostic] = failure(text).diagnostics
    expect(diagnostic).toMatchObject({ code: 'template/failed', at: { file: 'x.yml', line: 3 } })
    expect(JSON.stringify(diagnostic)).not.toContain("it's")
  },
)

test('what a secret is made of cannot be reached', () => {
  for (const path of ['reveal', 'map', 'toString', 'length', 'constructor'])
    expect(failure(`{{ secrets.app.${path} }}`).diagnostics[0]?.code).toBe('template/undefined-variable')
})

test('an unknown helper is named as one, with a suggestion', () => {
  expect(failure('a {{ frob list }}').diagnostics[0]).toMatchObject({
    code: 'template/unknown-helper',
    summary: 'there is no helper called "frob"',
    at: { line: 3, col: 12 },
  })
  expect(failure('{{ joinn list "," }}').diagnostics[0]?.hint).toBe('did you mean "join"?')
  expect(failure('{{#iff port}}x{{/iff}}').diagnostics[0]?.hint).toBe('did you mean "if"?')
  expect(failure('{{ toString list }}').diagnostics[0]?.code).toBe('template/unknown-helper')
})

test.each([
  ['{{ list | join(",") }}', "{{ join list ',' }}"],
  ["{{ port | default('x') }}", '{{ default x'],
  ['{{ port == 5 }}', '{{ eq a b }}'],
  ['{% if port %}x{% endif %}', '{{#if x}}'],
  ['a\nb {%- for x in list %}{% endfor %}', '{{#each list'],
  ["{{ nested['deep'] }}", '{{ map.key }}'],
  ['{{ "a" if port else "b" }}', '{{#if condition}}'],
  ['{{ lookup("env", "HOME") }}', 'lookups of Ansible'],
  ['{{ name ~ port }}', '{{ concat a b }}'],
])('%s is called Jinja, with what to write instead', (text, hint) => {
  const [diagnostic, ...more] = failure(text).diagnostics
  expect(more).toEqual([])
  expect(diagnostic?.code).toBe('template/jinja')
  expect(diagnostic?.hint).toContain(hint)
  expect(diagnostic?.summary).not.toMatch(/Expecting|CLOSE/)
})

test('thousands of conditions are rendered in one go', () => {
  const text = '{{#if port}}line\n{{/if}}'.repeat(4000)
  expect(String(render(text)).length).toBe(5 * 4000)
})

test('whitespace control, else chains, depth and data are Handlebars’', () => {
  expect(render('a {{~ name ~}} b')).toBe('apg1b')
  expect(render('{{#if none}}a{{else if port}}b{{else}}c{{/if}}!')).toBe('b!')
  expect(render('{{#each list}}{{@index}}{{this}}{{#unless @last}},{{/unless}}{{../port}} {{/each}}')).toBe(
    '0a,5432 1b5432 ',
  )
  expect(render('{{#each nested as |value key|}}{{key}}={{value.x}}{{else}}none{{/each}}.')).toBe('deep=1.')
  expect(render('{{#with nested.deep}}{{x}}{{@root.name}}{{/with}}.')).toBe('1pg1.')
  expect(render('{{!-- note --}}{{{name}}} {{"x"}} \\{{ plain }}')).toBe('pg1 x {{ plain }}')
  expect(render('{{ lookup (lookup (list nested) 0) "deep" }}')).toEqual({ x: 1 })
})
