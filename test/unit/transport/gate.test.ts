import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { HandshakeGates } from '../../../src/transport/gate.ts'

/** The most holders inside at a time, when `count` come at once to each address. */
async function peak(addresses: readonly string[], count: number): Promise<{ all: number; each: number }> {
  const gates = new HandshakeGates()
  const inside = new Map<string, number>()
  let all = 0
  let each = 0
  const visit = async (address: string): Promise<void> => {
    const leave = await gates.enter(address)
    const here = (inside.get(address) ?? 0) + 1
    inside.set(address, here)
    each = Math.max(each, here)
    all = Math.max(
      all,
      [...inside.values()].reduce((sum, number) => sum + number, 0),
    )
    await setImmediate()
    inside.set(address, (inside.get(address) ?? 0) - 1)
    leave()
    leave()
  }
  await Promise.all(addresses.flatMap((address) => Array.from({ length: count }, () => visit(address))))
  return { all, each }
}

test('a server that drops connections gets fewer at a time, and one at least', async () => {
  const gates = new HandshakeGates()
  for (let times = 0; times < 5; times++) gates.narrow('a')
  const first = await gates.enter('a')
  let second = false
  const waiting = gates.enter('a').then((leave) => {
    second = true
    return leave
  })
  await setImmediate()
  expect(second).toBe(false)
  first()
  const leave = await waiting
  leave()
  leave()
})

test('at most 8 handshakes with one address', async () => {
  expect(await peak(['a'], 40)).toEqual({ all: 8, each: 8 })
})

test('at most 32 handshakes in all', async () => {
  expect(await peak(['a', 'b', 'c', 'd', 'e', 'f'], 20)).toEqual({ all: 32, each: 8 })
})
