import { expect, test } from 'vitest'
import { fakeTransport } from '../../../src/transport/fake.ts'

const command = (name: string) => ({ argv: [name] })

test('a broken session stays broken, with the code and exit of a real one', async () => {
  const transport = fakeTransport({
    answers: [{ run: ['a'] }],
    breaks: ({ argv }) => (argv[0] === 'b' ? 'lost' : undefined),
  })
  expect(await transport.batch([command('a')])).toHaveLength(1)
  const lost = { exit: 4, diagnostics: [{ code: 'ssh/lost' }] }
  await expect(transport.batch([command('b')])).rejects.toMatchObject(lost)
  await expect(transport.batch([command('a')])).rejects.toMatchObject(lost)
})

test('a command that hangs ends with the interrupt', async () => {
  const transport = fakeTransport({ breaks: () => 'hang' })
  const stop = new AbortController()
  const batch = transport.batch([command('a')], { signal: stop.signal })
  stop.abort()
  await expect(batch).rejects.toMatchObject({ exit: 130, diagnostics: [{ code: 'ssh/cancelled' }] })
})

test('a command without an answer names its arguments', async () => {
  await expect(fakeTransport({}).batch([{ argv: ['rm', '-rf', '/'] }])).rejects.toThrow('["rm","-rf","/"]')
})
