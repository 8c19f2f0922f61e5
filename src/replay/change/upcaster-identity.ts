import { ConflictError } from '../../errors.ts'

/** What tells an upcaster from another one; a replay goes on only with the one that it began with. */
export interface UpcasterIdentity {
  name: string
  version: string
  /** Of the module, or of it and what it imports, in hex. */
  sha256: string
}

/** Throws ConflictError `upcaster-changed` when they differ. */
export function checkSameUpcaster(expected: UpcasterIdentity, found: UpcasterIdentity): void {
  if (expected.version === found.version && expected.sha256 === found.sha256) return
  const [before, now] =
    expected.version === found.version
      ? [`${expected.sha256.slice(0, 12)}…`, `${found.sha256.slice(0, 12)}…`]
      : [`version ${expected.version}`, `version ${found.version}`]
  throw new ConflictError(
    'upcaster-changed',
    `The upcaster ${expected.name} is not the one that the replay began with: it was ${before} and is ${now}.`,
    {
      remedy:
        'Put the earlier module back to let this replay go on, or start another replay into a fresh topic with the changed one.',
      details: { upcaster: expected.name, expectedSha256: expected.sha256, foundSha256: found.sha256 },
    },
  )
}
