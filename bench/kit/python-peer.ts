import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pythonEnvironment } from '../../test/kit/python.ts'

const packages = ['confluent-kafka==2.16.0', 'pyarrow==22.0.0']

/** The Python that holds the peers' libraries, made on first use, and the path of one of its scripts. */
export async function pythonPeer(script: string): Promise<{ python: string; path: string }> {
  const python = join(await pythonEnvironment(packages), 'bin', 'python')
  return { python, path: fileURLToPath(new URL(`../peers/${script}`, import.meta.url)) }
}
