import { writeFile } from 'node:fs/promises'
import { configReference } from './config-reference.ts'

// `npm run docs:config`: writes the reference anew; a test holds it up to date.
await writeFile(new URL('../docs/configuration.md', import.meta.url), configReference())
