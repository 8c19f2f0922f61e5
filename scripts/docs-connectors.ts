import { writeFile } from 'node:fs/promises'
import { connectorReference } from './connector-reference.ts'

// `npm run docs:connectors`: writes the reference anew; a test holds it up to date.
await writeFile(new URL('../docs/connectors.md', import.meta.url), connectorReference())
