import { generateKeyPairSync, sign } from 'node:crypto'
import { writeFile } from 'node:fs/promises'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keyId = 'test-key'

/** What the broker expects of a token besides its signature. */
export const tokenIssuer = 'https://issuer.test'
export const tokenAudience = 'kafka'

/** Writes the key set by which a broker checks `signToken`'s tokens. */
export async function writeKeySet(file: string): Promise<void> {
  const key = { ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256', use: 'sig' }
  await writeFile(file, JSON.stringify({ keys: [key] }))
}

/** A bearer token (JWT, RS256) that ends in so many seconds; in the past for less than 0. */
export function signToken(seconds: number, subject = 'alice'): string {
  const now = Math.floor(Date.now() / 1000)
  const head = { alg: 'RS256', typ: 'JWT', kid: keyId }
  const claims = {
    iss: tokenIssuer,
    aud: tokenAudience,
    sub: subject,
    iat: Math.min(now, now + seconds) - 1,
    exp: now + seconds,
    scope: 'archive',
  }
  const text = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`
}
