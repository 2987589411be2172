// Verbs that do what is hard to bring about with real ones, run by the real dispatch.
import { setTimeout as wait } from 'node:timers/promises'
import { dispatch } from '../../src/cli/dispatch.ts'
import { interrupt } from '../../src/cli/interrupt.ts'
import { ask, askSecret, confirm, interactive, note, paint, print, setExit } from '../../src/cli/io.ts'
import { withFormat } from '../../src/cli/options.ts'
import { EXIT, HactlError, problem } from '../../src/diag/diagnostic.ts'

/** Until the signal comes; fails loudly when it does not. */
const until = (signal: AbortSignal): Promise<unknown> => wait(15_000, 'deadline', { signal })

const verbs: Readonly<Record<string, () => Promise<void>>> = {
  refuse: () =>
    Promise.reject(
      new HactlError(
        problem('guard/no-quorum', 'pgcluster has no quorum', { hint: 'wait for pg2' }),
        EXIT.refused,
      ),
    ),
  bug: () => Promise.reject(new TypeError('cannot read x')),
  forgotten: async () => {
    void Promise.reject(new Error('nobody waited'))
    await wait(5000)
  },
  fails: () => Promise.resolve(setExit(EXIT.failed)),
  flood: async () => {
    for (let line = 0; line < 200_000; line++) await print(`line ${line}`)
    await note('came to the end')
  },
  color: () => print(paint()('red', 'word')),
  hang: async () => {
    await note('ready')
    await until(interrupt.hard)
  },
  stuck: async () => {
    process.on('SIGUSR2', () => undefined)
    await note('ready')
    await wait(60_000)
  },
  finish: async () => {
    interrupt.canFinish(() => 'package[x] on pg1')
    await note('ready')
    await until(interrupt.soft).catch(() => undefined)
    await note('finishing')
    await wait(300, undefined, { signal: interrupt.hard })
    await note('finished')
  },
  confirm: async () =>
    print((await confirm('Restart pg1?', { flag: '--allow restart-primary' })) ? 'yes' : 'no'),
  ask: async () => print(`name ${await ask('Name?', { flag: '--name' })}, interactive ${interactive()}`),
  secret: async () => print(`length ${(await askSecret('Password?', { flag: '--file' })).reveal().length}`),
}

const [name = '', ...rest] = process.argv.slice(2)
const action = verbs[name]
if (!action) throw new Error(`no test verb ${name}`)
await dispatch(
  {
    name,
    about: 'a test verb',
    load: () =>
      Promise.resolve({
        configure: (command) => void withFormat(command.option('--count <n>')).action(action),
      }),
  },
  rest,
)
