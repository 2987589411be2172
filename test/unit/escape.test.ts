import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { conninfoValue, envValue, passfileField, yamlValue } from '../../src/lib/escape.ts'
import { parseConninfo } from '../../src/modules/postgres/conninfo.ts'
import { createTemplates } from '../../src/template/template.ts'

/** The password of a case from the field, and what else breaks a format. */
const ODD = [
  're:pl\\ic%d "q" #x',
  "it's",
  '$HOME `id`',
  'ends\\',
  ' a ',
  'ü€😀',
  '\u007f\u0085\u2028',
  '#',
  '!x',
]

const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\n\r\0]/.test(text))
const each = (check: (text: string) => void): void => {
  for (const text of ODD) check(text)
  const property = fc.property(line, (text) => {
    check(text)
  })
  fc.assert(property, { numRuns: 200 })
}

test('a field of a passfile ends where it should', () => {
  each((text) => {
    // As libpq reads it: a backslash takes the next character, a colon ends the field.
    const [, field = ''] = /^((?:[^:\\]|\\.)*):/s.exec(`${passfileField(text)}:rest`) ?? []
    expect(field.replaceAll(/\\(.)/gs, '$1')).toBe(text)
  })
  expect(() => passfileField('a\nb')).toThrow(/line break/)
})

test('a value of a connection string comes back', () => {
  each((text) =>
    expect(parseConninfo(`user=${conninfoValue(text)} port=1`)).toEqual({ user: text, port: '1' }),
  )
})

test('a value as YAML comes back from YAML 1.2 and, in one run, from PyYAML', () => {
  each((text) => expect(parse(yamlValue(text))).toBe(text))
  const samples = [...ODD, ...fc.sample(line, 200)]
  const document = samples.map((text) => `- ${yamlValue(text)}\n`).join('')
  const program = 'import sys, yaml, json; print(json.dumps(yaml.safe_load(sys.stdin.buffer.read())))'
  const read = execFileSync('python3', ['-c', program], { input: document, encoding: 'utf8' })
  expect(JSON.parse(read)).toEqual(samples)
})

test('a value of a file of variables comes back from a shell', () => {
  const samples = [...ODD, ...fc.sample(line, 100)]
  const file = samples.map((text, index) => `V${index}=${envValue(text)}\n`).join('')
  const print = samples.map((_, index) => `printf '%s\\0' "$V${index}"\n`).join('')
  const read = execFileSync('sh', { input: file + print, encoding: 'utf8' })
  expect(read.split('\0').slice(0, -1)).toEqual(samples)
  expect(envValue('http://10.77.0.11:2380,https://pg1')).toBe('http://10.77.0.11:2380,https://pg1')
})

test('templates escape for a passfile and a file of variables', () => {
  const templates = createTemplates()
  const at = { file: 't', line: 1, col: 1 }
  const scope = { password: 're:pl\\ic%d "q" #x' }
  expect(templates.render('{{passfile password}}', scope, at)).toBe('re\\:pl\\\\ic%d "q" #x')
  expect(templates.render('{{env password}}', scope, at)).toBe('"re:pl\\\\ic%d \\"q\\" #x"')
})
