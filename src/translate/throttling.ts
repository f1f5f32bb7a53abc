/** The ways in which the service says that it is busy, or that throughput units are used up. */
export const throttlingCodes: readonly (string | number)[] = ['ServerBusyError', 'com.microsoft:server-busy', 429]

/** The depth of causes that is looked through. */
const deepest = 6

/** True for an error, or one it was caused by, with which the service asked to be given time. */
export function isThrottled(error: unknown): boolean {
  for (let depth = 0, one = error; depth < deepest && typeof one === 'object' && one !== null; depth++) {
    const { code, condition, statusCode, cause } = one as Partial<Record<string, string | number | object>>
    if (throttlingCodes.some((known) => known === code || known === condition || known === statusCode)) return true
    one = cause
  }
  return false
}
