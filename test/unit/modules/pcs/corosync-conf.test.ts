import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isStock, parseCorosyncConf } from '../../../../src/modules/pcs/corosync-conf.ts'

const captured = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../../modules/captured', name), 'utf8')

test('a file written by pcs gives names, addresses by link, totem and quorum', () => {
  const conf = parseCorosyncConf(captured('corosync.conf-pcs-0.11.5-two-links'))
  expect(conf).toMatchObject({
    cluster: 'mpcs',
    nodes: { mpcs1: ['10.77.0.11', '10.77.1.11'], mpcs2: ['10.77.0.12', '10.77.1.12'] },
    links: [0, 1],
    totem: { transport: 'knet', token: '6000' },
    quorum: { provider: 'corosync_votequorum', two_node: '1' },
    device: {},
  })
  expect(isStock(conf)).toBe(false)
})

test.each(['corosync.conf-3.1.7-debian-example', 'corosync.conf-3.1.2-debian-example'])(
  '%s is recognised',
  (name) => {
    expect(isStock(parseCorosyncConf(captured(name)))).toBe(true)
  },
)

test('a cluster that somebody made from the example is not the example', () => {
  const text = captured('corosync.conf-3.1.7-debian-example')
  expect(isStock(parseCorosyncConf(text.replace('name: node1', 'name: pg1')))).toBe(false)
  expect(isStock(parseCorosyncConf(text.replace('cluster_name: debian', 'cluster_name: mine')))).toBe(false)
  expect(isStock(parseCorosyncConf(text.replace('127.0.0.1', '10.0.0.1')))).toBe(false)
})

test('links keep their numbers when one in the middle is gone, and a device is read with its model', () => {
  const conf = parseCorosyncConf(
    'nodelist {\n node {\n ring2_addr: c\n ring0_addr: a\n name: n\n }\n}\nquorum {\n device {\n model: net\n net {\n host: q1\n algorithm: lms\n }\n }\n}\n',
  )
  expect(conf).toMatchObject({
    nodes: { n: ['a', 'c'] },
    links: [0, 2],
    device: { host: 'q1', algorithm: 'lms' },
  })
})

test.each([
  ['totem {\n version 2\n}', 'line 2: version 2'],
  ['totem {\n', 'ends inside'],
  ['}\n', 'too many'],
])('%j is refused', (text, message) => {
  expect(() => parseCorosyncConf(text)).toThrow(message)
})
