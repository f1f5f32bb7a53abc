/** The refusal of a change of the namespace. `exists` is HTTP 409, `not-found` 404, `invalid` 400. */
export class NamespaceError extends Error {
  readonly reason: 'exists' | 'not-found' | 'invalid'

  constructor(reason: 'exists' | 'not-found' | 'invalid', message: string) {
    super(message)
    this.name = 'NamespaceError'
    this.reason = reason
  }
}

/** The refusals of a partition, as facts. Each head of the emulator tells it in the words of its own protocol. */
export type Refusal =
  | { readonly kind: 'position-beyond-end'; readonly by: 'offset' | 'sequence-number'; value: number; last: number }
  | { readonly kind: 'reader-without-epoch'; readonly highest: number }
  | {
      readonly kind: 'epoch-too-low'
      readonly name: string | undefined
      readonly epoch: number
      readonly highest: number
      /** The name of the reader that has it. */
      readonly holder: string | undefined
    }
  | {
      readonly kind: 'reader-displaced'
      readonly name: string | undefined
      readonly epoch: number | undefined
      readonly by: { readonly name: string | undefined; readonly epoch: number }
    }
  | { readonly kind: 'too-many-readers'; readonly limit: number; readonly names: readonly (string | undefined)[] }
  | { readonly kind: 'producer-out-of-range' }
  | { readonly kind: 'producer-fenced'; readonly producerId: number; readonly epoch: number; current: number }
  | { readonly kind: 'sequence-out-of-order'; readonly producerId: number; sequenceNumber: number; last: number }

/** A {@link Refusal} on its way to a head. */
export class RefusedError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(`The partition refused: ${refusal.kind}`)
    this.name = 'RefusedError'
    this.refusal = refusal
  }
}
