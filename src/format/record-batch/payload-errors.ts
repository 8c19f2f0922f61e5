import { DamagedDataError } from '../../errors.ts'
import type { Codec } from '../../ports/record-block.ts'

/** The error of a payload that is not what its codec says. */
export function notDecompressible(codec: Codec, what: string, cause?: unknown): DamagedDataError {
  return new DamagedDataError('payload-not-decompressible', `the records are no valid ${codec} data: ${what}`, {
    remedy: 'Check the batch on the broker (kafka-dump-log --deep-iteration); a producer may have written it so.',
    cause,
  })
}

/** The error of a payload that decompresses to more than the bound. */
export function payloadTooLarge(maxBytes: number): DamagedDataError {
  return new DamagedDataError('payload-too-large', `the records of a batch are larger than ${maxBytes} bytes`, {
    remedy:
      'If the batch is genuine, raise the bound on decompressed batches; otherwise find the producer that wrote it.',
    details: { maxBytes },
  })
}
