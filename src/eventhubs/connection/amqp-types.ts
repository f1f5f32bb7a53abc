import rhea from 'rhea'

/**
 * Values of the AMQP type that the service looks for: a number of JavaScript goes out as whichever type is wide enough.
 */
export const amqpTypes: {
  short(value: number): object
  int(value: number): object
  /** A long beyond what JavaScript counts to is had, and given, as its eight bytes. */
  long(value: number | Buffer): object
  /** A text marked with a numeric descriptor. */
  described(text: string, descriptor: number): object
} = {
  short: (value) => rhea.types.wrap_short(value),
  int: (value) => rhea.types.wrap_int(value),
  long: (value) => rhea.types.wrap_long(value),
  described: (text, descriptor) => rhea.types.wrap_described(text, descriptor),
}
