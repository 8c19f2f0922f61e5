import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { InvalidInputError } from '../errors.ts'

const maxBytes = 1024 * 1024

/**
 * Reads a YAML file into plain values; null when it is not there. Throws InvalidInputError `config-unreadable`, with
 * the lines that are wrong; never with the lines' text, which may hold a secret.
 */
export async function readYamlFile(file: string): Promise<{ tree: unknown } | null> {
  const text = await contentOf(file)
  if (text === null) return null
  if (text.length > maxBytes) throw unreadable(file, `it is larger than ${maxBytes} bytes`)
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true })
  // Some messages end with the text they are about.
  const faults = document.errors.map(
    ({ message, pos }) => `line ${lineOf(text, pos[0])}: ${message.replace(/: ".*$/s, '')}`,
  )
  if (faults.length > 0) throw unreadable(file, faults.join('; '))
  try {
    return { tree: document.toJS({ maxAliasCount: 100 }) }
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    // The library's message has the alias, which may be a password that begins with an asterisk.
    throw unreadable(
      file,
      'an alias (*name) has no anchor, or stands for too much; put quotes around texts that begin with * or &',
    )
  }
}

async function contentOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT') return null
    throw unreadable(file, code)
  }
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

function unreadable(file: string, why: string): InvalidInputError {
  return new InvalidInputError('config-unreadable', `The configuration ${file} cannot be read: ${why}.`, {
    remedy: 'Correct the file; docs/configuration.md has an example.',
    details: { file },
  })
}
