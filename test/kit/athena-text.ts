/** A type as Trino's protocol tells it. */
export interface TrinoType {
  rawType: string
  arguments: { kind: string; value: TrinoType | { fieldName?: { name: string }; typeSignature: TrinoType } | number }[]
}

/** What Athena calls the type of a column: without its parameters. */
export function athenaType({ rawType }: TrinoType): string {
  return rawType === 'real' ? 'float' : rawType
}

/** A value of Trino's JSON, numbers as their text, in the text that Athena gives it. */
export function athenaText(value: unknown, type: TrinoType): string | null {
  if (value === null) return null
  switch (type.rawType) {
    case 'varbinary':
      return Buffer.from(String(value), 'base64')
        .toString('hex')
        .replace(/(..)(?=.)/g, '$1 ')
    case 'double':
    case 'real':
      return /^-?\d+$/.test(String(value)) ? `${value}.0` : String(value)
    case 'array':
      return `[${(value as unknown[]).map((item) => athenaText(item, inner(type, 0)) ?? 'null').join(', ')}]`
    case 'map':
      return `{${Object.entries(value as object)
        .map(([key, item]) => `${key}=${athenaText(item, inner(type, 1)) ?? 'null'}`)
        .join(', ')}}`
    case 'row':
      return `{${(value as unknown[])
        .map((item, index) => `${fieldName(type, index)}=${athenaText(item, inner(type, index)) ?? 'null'}`)
        .join(', ')}}`
    default:
      return String(value)
  }
}

function inner(type: TrinoType, index: number): TrinoType {
  const argument = type.arguments[index]!.value as TrinoType & { typeSignature?: TrinoType }
  return argument.typeSignature ?? argument
}

function fieldName(type: TrinoType, index: number): string {
  const argument = type.arguments[index]!.value as { fieldName?: { name: string } }
  return argument.fieldName?.name ?? `field${index}`
}
