/**
 * Reads structs of Thrift's compact protocol, in which footers and page headers are written
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md). It is our own, and not the
 * library's, because bytes from a store are not to be trusted: every length, depth and type is checked here, so that
 * damage ends in a RangeError and never in a wrong type, an endless loop or an absurd allocation.
 */
type ThriftValue = boolean | number | bigint | Buffer | ThriftValue[] | ThriftStruct

/** Structs nest at most so deep in Parquet, with room to spare. */
const maxDepth = 16

/** A struct's fields by number. Getters throw RangeError when the field is missing or of another type. */
export class ThriftStruct {
  readonly #fields: ReadonlyMap<number, ThriftValue>

  constructor(fields: ReadonlyMap<number, ThriftValue>) {
    this.#fields = fields
  }

  /** A field of up to 32 bits, or `absent` when it is missing and that is given. */
  int(id: number, absent?: number): number {
    const value = this.#fields.get(id) ?? absent
    if (typeof value !== 'number') throw new RangeError(`field ${id} is no integer`)
    return value
  }

  /** A 64-bit field that is a size or a count: a whole number from 0 that JavaScript counts exactly. */
  size(id: number): number {
    const value = this.#fields.get(id)
    if (typeof value !== 'bigint' || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`field ${id} is no size`)
    }
    return Number(value)
  }

  bytes(id: number): Buffer {
    const value = this.#fields.get(id)
    if (!Buffer.isBuffer(value)) throw new RangeError(`field ${id} holds no bytes`)
    return value
  }

  text(id: number): string {
    return this.bytes(id).toString('utf8')
  }

  struct(id: number): ThriftStruct {
    const value = this.#fields.get(id)
    if (!(value instanceof ThriftStruct)) throw new RangeError(`field ${id} is no struct`)
    return value
  }

  structs(id: number): ThriftStruct[] {
    return this.#list(id).map((value) => {
      if (!(value instanceof ThriftStruct)) throw new RangeError(`field ${id} holds something else than structs`)
      return value
    })
  }

  texts(id: number): string[] {
    return this.byteStrings(id).map((bytes) => bytes.toString('utf8'))
  }

  booleans(id: number): boolean[] {
    return this.#list(id).map((value) => {
      if (typeof value !== 'boolean') throw new RangeError(`field ${id} holds something else than booleans`)
      return value
    })
  }

  byteStrings(id: number): Buffer[] {
    return this.#list(id).map((value) => {
      if (!Buffer.isBuffer(value)) throw new RangeError(`field ${id} holds something else than byte strings`)
      return value
    })
  }

  /** A list of 64-bit counts. */
  counts(id: number): number[] {
    return this.#list(id).map((value) => {
      if (typeof value !== 'bigint' || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
        throw new RangeError(`field ${id} holds something else than counts`)
      }
      return Number(value)
    })
  }

  has(id: number): boolean {
    return this.#fields.has(id)
  }

  #list(id: number): ThriftValue[] {
    const value = this.#fields.get(id)
    if (!Array.isArray(value)) throw new RangeError(`field ${id} is no list`)
    return value
  }
}

/** Reads the struct that begins at `start` of `bytes`; `end` is where it ended. */
export function readThriftStruct(bytes: Buffer, start: number): { struct: ThriftStruct; end: number } {
  const reader = new CompactReader(bytes, start)
  const struct = reader.struct(0)
  return { struct, end: reader.at }
}

class CompactReader {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  struct(depth: number): ThriftStruct {
    if (depth > maxDepth) throw new RangeError('structs nest too deep')
    const fields = new Map<number, ThriftValue>()
    for (let id = 0; ; ) {
      const head = this.#byte()
      const type = head & 0x0f
      if (type === 0) return new ThriftStruct(fields)
      id = head >>> 4 === 0 ? Number(this.#zigzag()) : id + (head >>> 4)
      fields.set(id, type === 1 || type === 2 ? type === 1 : this.#value(type, depth))
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 3:
        return (this.#byte() << 24) >> 24
      case 4:
      case 5:
        return Number(BigInt.asIntN(32, this.#zigzag()))
      case 6:
        return this.#zigzag()
      case 7:
        return this.#take(8).readDoubleLE()
      case 8:
        return this.#take(Number(this.#varint()))
      case 9:
      case 10:
        return this.#list(depth)
      case 12:
        return this.struct(depth + 1)
      default:
        throw new RangeError(`there is no type ${type}`)
    }
  }

  #list(depth: number): ThriftValue[] {
    if (depth > maxDepth) throw new RangeError('lists nest too deep')
    const head = this.#byte()
    const type = head & 0x0f
    const count = head >>> 4 === 15 ? Number(this.#varint()) : head >>> 4
    if (count > this.#bytes.length - this.at) throw new RangeError('a list is longer than what is left')
    const values: ThriftValue[] = []
    for (let i = 0; i < count; i++) {
      values.push(type === 1 || type === 2 ? this.#byte() === 1 : this.#value(type, depth + 1))
    }
    return values
  }

  #zigzag(): bigint {
    const value = this.#varint()
    return (value >> 1n) ^ -(value & 1n)
  }

  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new RangeError('a number does not end')
  }

  #take(count: number): Buffer {
    if (count > this.#bytes.length - this.at) throw new RangeError('a value is longer than what is left')
    this.at += count
    return this.#bytes.subarray(this.at - count, this.at)
  }

  #byte(): number {
    const byte = this.#bytes[this.at]
    if (byte === undefined) throw new RangeError('it ends too early')
    this.at++
    return byte
  }
}
