import type { Members, Shape } from '../shape.ts'

export interface TransformRequest {
  upcaster: string | null
  stamp: boolean
  dropHeaders: readonly string[]
  deadLetterTopic: string | null
  maxDeadLetters: number
}

export function readTransform(value: unknown, place: string, shape: Shape): TransformRequest | null {
  if (value !== undefined) shape.problems.push(`${place}: is not known`)
  return null
}

export function transformToJson(transform: TransformRequest): Members {
  return { ...transform }
}
