import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** PEM files of an authority, of a server that it signed for loopback, and of a client. */
export interface Certificates {
  ca: string
  /** Key and certificate in one file, as Kafka reads a PEM key store. */
  server: string
  clientCert: string
  clientKey: string
}

/** Makes an authority and certificates in a folder, by openssl; they are valid for a day. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const file = (name: string): string => join(folder, name)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const key = ['-newkey', 'rsa:2048', '-noenc']
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '1', '-subj', '/CN=test-ca')
  for (const name of ['server', 'client']) {
    await openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    await writeFile(file(`${name}.ext`), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', `${name}.ext`]
    await openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.pem`)
  }
  const { stdout } = await run('cat', [file('server.key'), file('server.pem')])
  await writeFile(file('server-store.pem'), stdout)
  return {
    ca: file('ca.pem'),
    server: file('server-store.pem'),
    clientCert: file('client.pem'),
    clientKey: file('client.key'),
  }
}
