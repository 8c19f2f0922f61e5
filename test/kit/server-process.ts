import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const usualStartTimeoutMs = 30_000

/** A server of the kit, with a temporary folder for its data. It ends with this process, however that ends. */
export interface ServerProcess {
  readonly pid: number
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

export interface ServerPlan {
  name: string
  program: string
  /** Writes into the folder what the server reads at its start. */
  prepare?: (folder: string) => Promise<void>
  args: (folder: string) => readonly string[]
  env?: Readonly<Record<string, string>>
  /** Throws as long as the server does not serve. */
  probe: () => Promise<unknown>
  /** Until it must serve; 30 s unless told. */
  startTimeoutMs?: number
}

/** Starts a server and waits until it serves. */
export async function startServer(plan: ServerPlan): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), `coldstream-${plan.name}-`))
  await plan.prepare?.(folder)
  const logPath = join(folder, 'server.log')
  const log = openSync(logPath, 'w')
  const child = spawn(plan.program, plan.args(folder), {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...plan.env },
  })
  closeSync(log)
  const exited = once(child, 'exit')
  await once(child, 'spawn')
  child.unref()
  const watchdog = endWithParent(child, folder)
  const stop = async (): Promise<void> => {
    child.ref()
    child.kill('SIGKILL')
    await exited
    watchdog.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await awaitServing(plan, child)
  } catch (error) {
    const tail = (await readFile(logPath, 'utf8')).slice(-3000)
    await stop()
    throw new Error(`${plan.name} did not start:\n${tail}`, { cause: error })
  }
  return { pid: child.pid!, stop }
}

/**
 * A parent that is killed runs no exit handler; but the closing of its pipe to this shell is noticed whatever its end was.
 */
function endWithParent(child: ChildProcess, folder: string): ChildProcess {
  const script = 'read _; kill -9 "$1" 2>/dev/null; sleep 0.3; rm -rf "$2"'
  const watchdog = spawn('/bin/sh', ['-c', script, 'sh', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.unref()
  ;(watchdog.stdin as Socket).unref()
  return watchdog
}

async function awaitServing(plan: ServerPlan, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + (plan.startTimeoutMs ?? usualStartTimeoutMs)
  for (;;) {
    try {
      await plan.probe()
      return
    } catch (error) {
      const ended = child.exitCode !== null || child.signalCode !== null
      if (ended || performance.now() > deadline) throw error
    }
    await sleep(50)
  }
}

/** So many ports of loopback that are free now, all held until all are known. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  return Promise.all(
    servers.map(async (server) => {
      await once(server, 'listening')
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('The system gave no port')
      return address.port
    }),
  ).finally(() => Promise.all(servers.map((server) => once(server.close(), 'close'))))
}
