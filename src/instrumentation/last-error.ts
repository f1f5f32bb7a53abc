import { protocolTypeOf } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import type { LastError } from '../types/diagnostics.js'
import { redact } from '../util/redact.js'

/** The form in which an error is kept for diagnostics: its text, and nothing that would keep the rest of it alive. */
export function toLastError(thrown: unknown): LastError {
  const { name, message } = toError(thrown)
  const type: unknown = protocolTypeOf(thrown)
  return {
    timestamp: Date.now(),
    name: String(name),
    type: typeof type === 'string' && type !== '' ? type : null,
    message: redact(message),
  }
}
