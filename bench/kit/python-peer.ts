import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pythonEnvironment } from '../../test/kit/python.ts'

const librdkafkaPackages = ['confluent-kafka==2.16.0', 'pyarrow==22.0.0']

/** The Python that holds a peer's libraries, made on first use, and the path of the peer's script. */
export async function pythonPeer(
  script: string,
  packages: readonly string[] = librdkafkaPackages,
): Promise<{ python: string; path: string }> {
  const python = join(await pythonEnvironment(packages), 'bin', 'python')
  return { python, path: fileURLToPath(new URL(`../peers/${script}`, import.meta.url)) }
}
