#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import module from 'node:module'
import v8 from 'node:v8'

const { version, engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
  engines: { node: string }
}
const oldestMajor = Number(/\d+/.exec(engines.node)?.[0])

if (Number.parseInt(process.versions.node, 10) < oldestMajor) {
  process.stderr.write(
    `error: coldstream needs Node.js ${engines.node}, this is ${process.versions.node}\n` +
      '  what to do: install a newer Node.js, or run it as "npx coldstream" where it was installed by npm.\n',
  )
  process.exitCode = 1
} else {
  collectLessOften()
  // every command and every thread of a capture starts a third faster the second time
  module.enableCompileCache()
  // loaded only now: what an older Node.js cannot even read must not keep it from saying so
  const [{ openServices }, { runCli }] = await Promise.all([import('./app.ts'), import('./cli/program.ts')])
  // a reader that has seen enough (`coldstream topics | head -3`) is no error
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // once: what was taken is committed first; a second signal ends the process at once
    process.once(signal, () => stop.abort())
  }
  process.exitCode = await runCli(process.argv.slice(2), {
    version,
    workingFolder: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    openServices,
    signal: stop.signal,
  })
}

/**
 * Records pass through buffers outside of the heap, gigabytes of them. Node.js 24 looks through the whole heap for every
 * few dozen megabytes of that, which took a quarter of all CPU time of captures and replays (measured); told so, it waits
 * until both together have grown to a multiple of what is in use. Other versions have other flags, or none.
 */
function collectLessOften(): void {
  if (Number.parseInt(process.versions.node, 10) === 24) {
    v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
  }
}
