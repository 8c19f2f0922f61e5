#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { openServices } from './app.ts'
import { runCli } from './cli/program.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  // once: what is taken is committed; a second signal ends the process at once
  process.once(name, () => stop.abort())
}
process.exitCode = await runCli(process.argv.slice(2), {
  version,
  workingFolder: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  openServices,
  signal: stop.signal,
})
