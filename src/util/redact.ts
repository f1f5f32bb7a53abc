/**
 * Takes secrets out of text: connection strings, shared access keys and signatures, storage account keys, bearer
 * tokens, JWTs. The one function that logs and error messages pass through.
 */

const removed = '[redacted]'

/** Cheap first look, so that the usual text costs one scan. */
const suspicious = /SharedAccess|AccountKey|sig=|Bearer|eyJ|password|secret|assertion|:\/\/[^\s/]*@/i

const patterns: ReadonlyArray<readonly [RegExp, string]> = [
  // Connection strings: keys are base64 and end at the next ';' or at what closes the text around them.
  [/(SharedAccessKey|AccountKey)(\s*=\s*)[^;\s"'`,}\]]+/gi, `$1$2${removed}`],
  [/(SharedAccessSignature\s*=\s*)[^;"'`}\]]+/gi, `$1${removed}`],
  // Tokens: SharedAccessSignature sr=...&sig=...&se=...&skn=..., and the query of a blob SAS.
  [/(SharedAccessSignature\s+)sr=[^\s"'`;,}\]]+/gi, `$1${removed}`],
  [/([?&\s"']|^)(sig=)[^&\s"'`;,}\]]+/gi, `$1$2${removed}`],
  [/(Bearer\s+)[\w~+/.=-]{16,}/gi, `$1${removed}`],
  // user:password@ of a URL.
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${removed}@`],
  [/eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g, removed],
  [/((?:client_secret|client_assertion|password|clientSecret)["']?\s*[=:]\s*["']?)[^&\s"',;}\]]+/gi, `$1${removed}`],
]

/** The text without its secrets. */
export function redact(text: string): string {
  if (!suspicious.test(text)) return text
  let clean = text
  for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement)
  return clean
}

/** The depth to which {@link redactValue} looks; what lies deeper is left alone, as no log entry of ours goes there. */
const deepest = 6

/**
 * The value without secrets in its texts: plain objects and arrays are copied where something had to go, an error's
 * message and stack are cleaned in place, anything else is left as it is.
 */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redact(value)
  if (typeof value !== 'object' || value === null || depth > deepest) return value
  if (value instanceof Error) return redactError(value)
  if (Array.isArray(value))
    return replaceChanged(
      value,
      value.map((item) => redactValue(item, depth + 1)),
    )
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const entries = Object.entries(value)
  const clean = entries.map(([key, item]) => (isSecretName(key, item) ? removed : redactValue(item, depth + 1)))
  if (clean.every((item, index) => item === entries[index]?.[1])) return value
  return Object.fromEntries(entries.map(([key], index) => [key, clean[index]]))
}

const secretNames =
  /^(shared_?access_?key|account_?key|password|client_?secret|client_?assertion|access_?token|connection_?string|signature|secret_?access_?key|session_?token)$/i

const isSecretName = (name: string, value: unknown) => typeof value === 'string' && secretNames.test(name)

const replaceChanged = (before: unknown[], after: unknown[]) =>
  after.every((item, index) => item === before[index]) ? before : after

/** The same error, its message, stack and causes without secrets. */
export function redactError<E extends Error>(error: E, depth = 0): E {
  for (const field of ['message', 'stack'] as const) {
    const text = error[field]
    if (typeof text !== 'string') continue
    const clean = redact(text)
    if (clean !== text) Reflect.defineProperty(error, field, { value: clean, writable: true, configurable: true })
  }
  const { errors } = error as { errors?: unknown }
  const beneath = [error.cause, ...(Array.isArray(errors) ? errors : [])]
  if (depth < deepest) for (const inner of beneath) if (inner instanceof Error) redactError(inner, depth + 1)
  return error
}
