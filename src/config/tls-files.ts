import { readFileSync } from 'node:fs'
import type { Problem } from './problems.ts'
import type { Settings } from './schema.ts'

/** Encryption to the brokers as node:tls takes it. An empty object trusts the system's authorities. */
export interface TlsMaterial {
  ca?: Buffer
  cert?: Buffer
  key?: Buffer
  passphrase?: string
  servername?: string
}

/** Reads the files that the settings name; undefined when connections are not encrypted. */
export function tlsMaterial(tls: Settings['kafka']['tls'], problems: Problem[]): TlsMaterial | undefined {
  const { enabled, caFile, certFile, keyFile, keyPassphrase, servername } = tls
  const isMeant = [caFile, certFile, keyFile, keyPassphrase, servername].some((value) => value !== undefined)
  if (enabled === false && isMeant) {
    problems.push({
      where: 'kafka.tls.enabled',
      message: 'is false, but other tls properties are set; remove them or it',
    })
  }
  if (!(enabled ?? isMeant)) return undefined
  if ((certFile === undefined) !== (keyFile === undefined)) {
    problems.push({ where: 'kafka.tls', message: 'certFile and keyFile go together, only one of them is set' })
  }
  const files = {
    ca: pemFile('caFile', caFile, problems),
    cert: pemFile('certFile', certFile, problems),
    key: pemFile('keyFile', keyFile, problems),
  }
  const all = { ...files, passphrase: keyPassphrase, servername }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function pemFile(name: string, file: string | undefined, problems: Problem[]): Buffer | undefined {
  if (file === undefined) return undefined
  const where = `kafka.tls.${name}`
  try {
    const content = readFileSync(file)
    if (content.includes('-----BEGIN ')) return content
    problems.push({ where, message: `${file} is no PEM file (it has no line -----BEGIN …)` })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    problems.push({ where, message: `${file} cannot be read (${code})` })
  }
  return undefined
}
