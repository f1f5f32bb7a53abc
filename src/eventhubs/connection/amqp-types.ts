import rhea from 'rhea'

/**
 * Numbers of the AMQP type that the service looks for: a number of JavaScript goes out as whichever type is wide enough.
 */
export const amqpTypes: {
  short(value: number): object
  int(value: number): object
  /** A long beyond what JavaScript counts to is had, and given, as its eight bytes. */
  long(value: number | Buffer): object
} = {
  short: (value) => rhea.types.wrap_short(value),
  int: (value) => rhea.types.wrap_int(value),
  long: (value) => rhea.types.wrap_long(value),
}
