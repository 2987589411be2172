import { createHash } from 'node:crypto'

const first8 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest().subarray(0, 8)
}
const hex = (bytes: Buffer): string => bytes.toString('hex').replace(/^0+(?=.)/, '')

/**
 * The id that a cluster gets at its first start, from the peer URLs of its first members and its token (etcd,
 * server/etcdserver/api/membership, `computeMemberId` and `genID`). It stays the same for the cluster's whole life.
 */
export function clusterId(peerUrls: readonly string[], token: string): string {
  const members = peerUrls.map((url) => first8(url, token)).toSorted((a, b) => a.compare(b))
  return hex(first8(Buffer.concat(members)))
}

/** The id of the cluster that Debian's package starts by itself when it is installed. */
export const PACKAGED = clusterId(['http://localhost:2380'], 'etcd-cluster')

/** Prints the first bytes of the newest log of a data directory; nothing when it has none. */
export const LOG_HEAD = `for log in "$1"/member/wal/*.wal; do :; done
[ ! -f "$log" ] || od -An -v -tx1 -N 256 "$log"`

/** Reads a varint (protobuf) at an offset. */
function varint(bytes: Buffer, at: number): { readonly value: bigint; readonly next: number } {
  let value = 0n
  for (let next = at, shift = 0n; next < bytes.length; next++, shift += 7n) {
    const byte = bytes[next] ?? 0
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: next + 1 }
  }
  return { value: 0n, next: bytes.length }
}

/** The fields of a protobuf message by number: varints, and the bytes of what has a length. */
function fields(bytes: Buffer): ReadonlyMap<number, bigint | Buffer> {
  const found = new Map<number, bigint | Buffer>()
  for (let at = 0; at < bytes.length;) {
    const key = varint(bytes, at)
    const value = varint(bytes, key.next)
    const number = Number(key.value >> 3n)
    if ((key.value & 7n) === 0n) {
      found.set(number, value.value)
      at = value.next
    } else {
      at = value.next + Number(value.value)
      found.set(number, bytes.subarray(value.next, at))
    }
  }
  return found
}

const METADATA = 1n

/**
 * The cluster whose data a log holds, from its first 256 bytes: every file begins with a checksum record and one with
 * the ids (etcd, server/storage/wal: a length of 8 bytes, whose upper byte tells the padding, then a `Record`;
 * `Metadata` has NodeID and ClusterID). Undefined when it is none.
 */
export function clusterOfLog(hexDump: string): string | undefined {
  const bytes = Buffer.from(hexDump.replaceAll(/\s/g, ''), 'hex')
  for (let at = 0; at + 8 <= bytes.length;) {
    const header = bytes.readBigUInt64LE(at)
    const size = Number(header & 0x00ff_ffff_ffff_ffffn)
    const padding = header >> 63n === 1n ? Number((header >> 56n) & 7n) : 0
    const record = fields(bytes.subarray(at + 8, at + 8 + size))
    const data = record.get(3)
    if (record.get(1) === METADATA && Buffer.isBuffer(data)) {
      const cluster = fields(data).get(2)
      return typeof cluster === 'bigint' ? cluster.toString(16) : undefined
    }
    if (size === 0) return undefined
    at += 8 + size + padding
  }
  return undefined
}
