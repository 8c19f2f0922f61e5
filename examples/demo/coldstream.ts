import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The clone's own folder: where `npx coldstream` works, and where its connectors are. */
export const repository: string = join(import.meta.dirname, '..', '..')

const program = join(repository, 'dist', 'main.js')

/** The `coldstream` command line, run as a user runs it, against the demo's broker and archive. */
export interface Coldstream {
  run(...args: string[]): Promise<void>
}

export function coldstreamWith(
  environment: Readonly<Record<string, string>>,
  say: (text: string) => void,
  signal: AbortSignal,
): Coldstream {
  if (!existsSync(program)) throw new Error('dist/main.js is missing: run `npm run build` first.')
  return {
    async run(...args) {
      signal.throwIfAborted()
      say(`$ npx coldstream ${args.map(shellWord).join(' ')}`)
      const child = spawn(process.execPath, [program, ...args], {
        cwd: repository,
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      const stop = (): boolean => child.kill('SIGTERM')
      signal.addEventListener('abort', stop, { once: true })
      const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null]
      signal.removeEventListener('abort', stop)
      signal.throwIfAborted()
      if (code !== 0) throw new Error(`coldstream ${args[0]} ended with ${code ?? killedBy}.`)
    },
  }
}

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
