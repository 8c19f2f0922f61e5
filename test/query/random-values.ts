import fc from 'fast-check'
import type { QueryValue } from '../../src/ports/query-engine.ts'

/** A value as an engine gives it, and the text by which `exactly` tells it. */
interface Expected {
  value: QueryValue
  exact: string | null
}

const orNull = <T>(arbitrary: fc.Arbitrary<T>, value: (of: T) => QueryValue, exact: (of: T) => string) =>
  fc
    .option(arbitrary)
    .map((of): Expected => (of === null ? { value: null, exact: null } : { value: value(of), exact: exact(of) }))

const integers = (min: bigint, max: bigint) =>
  orNull(fc.bigInt({ min, max }), (of) => (max > 2n ** 32n ? of : Number(of)), String)

/** `-1234` of scale 2 is `-12.34`. */
function withPoint(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

const decimals = (precision: number, scale: number) => {
  const most = 10n ** BigInt(precision) - 1n
  return orNull(fc.bigInt({ min: -most, max: most }), (of) => withPoint(of, scale), String)
}

const times = fc.record({
  at: fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
  micros: fc.integer({ min: 0, max: 999 }),
})
const iso = ({ at, micros }: { at: Date; micros: number }) =>
  `${at.toISOString().replace('Z', '')}${String(micros).padStart(3, '0')}`
const microsOf = ({ at, micros }: { at: Date; micros: number }) => String(BigInt(at.getTime()) * 1000n + BigInt(micros))

const bits = (write: (view: DataView, value: number) => void, bytes: number) => (value: number) => {
  const view = new DataView(new ArrayBuffer(bytes))
  write(view, value)
  return Buffer.from(view.buffer).toString('hex')
}

/** Random values by the engine's name of their type. */
export const RANDOM_VALUES = {
  BOOLEAN: orNull(
    fc.boolean(),
    (of) => of,
    (of) => (of ? 'True' : 'False'),
  ),
  TINYINT: integers(-128n, 127n),
  UINTEGER: integers(0n, 2n ** 32n - 1n),
  integer: integers(-(2n ** 31n), 2n ** 31n - 1n),
  bigint: integers(-(2n ** 63n), 2n ** 63n - 1n),
  UBIGINT: integers(0n, 2n ** 64n - 1n),
  real: orNull(
    fc.float({ noNaN: true }),
    (of) => of,
    bits((view, value) => view.setFloat32(0, value), 4),
  ),
  double: orNull(
    fc.double({ noNaN: true }),
    (of) => of,
    bits((view, value) => view.setFloat64(0, value), 8),
  ),
  'decimal(38, 37)': decimals(38, 37),
  'decimal(5,0)': decimals(5, 0),
  'DECIMAL(18,3)': decimals(18, 3),
  date: orNull(
    times,
    (of) => iso(of).slice(0, 10),
    ({ at }) => String(Math.floor(at.getTime() / 86_400_000)),
  ),
  'time(6)': orNull(
    times,
    (of) => iso(of).slice(11),
    (of) => String(((BigInt(microsOf(of)) % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n),
  ),
  'timestamp(6)': orNull(times, iso, microsOf),
  'timestamp(6) with time zone': orNull(times, (of) => `${iso(of)}Z`, microsOf),
  varbinary: orNull(
    fc.uint8Array(),
    (of) => of,
    (of) => Buffer.from(of).toString('hex'),
  ),
  varchar: orNull(
    fc.string({ unit: 'binary' }),
    (of) => of,
    (of) => Buffer.from(of).toString('hex'),
  ),
  'array(varchar)': orNull(
    fc.array(fc.string()),
    (of) => of,
    (of) => Buffer.from(JSON.stringify(of)).toString('hex'),
  ),
}

/** Tells every value of `0.arrow`, `1.arrow`, … in a folder without loss: numbers by their digits, floats, bytes and text by their bytes. */
export const exactly = `import json, struct, sys, pyarrow as pa, pyarrow.ipc as ipc
def text(type):
    if pa.types.is_float32(type): return lambda v: struct.pack('>f', v).hex()
    if pa.types.is_float64(type): return lambda v: struct.pack('>d', v).hex()
    if pa.types.is_decimal(type): return lambda v: str(int(v.scaleb(type.scale)))
    if pa.types.is_binary(type): return lambda v: v.hex()
    if pa.types.is_string(type): return lambda v: v.encode().hex()
    return str
def number(type):
    if pa.types.is_date32(type): return pa.int32()
    return pa.int64() if pa.types.is_timestamp(type) or pa.types.is_time64(type) else type
import decimal; decimal.getcontext().prec = 80
def rows(path):
    table = ipc.open_stream(path).read_all(); table.validate(full=True)
    columns = [[None if v is None else text(c.type)(v) for v in c.cast(number(c.type)).to_pylist()] for c in table.columns]
    return [list(row) for row in zip(*columns)]
print(json.dumps([rows(f'{sys.argv[1]}/{i}.arrow') for i in range(int(sys.argv[2]))]))`
