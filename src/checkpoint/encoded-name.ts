import { createHash } from 'node:crypto'

/**
 * Names as parts of blob names and file names: ordinary ones stay as they are, so that processors of other SDKs find
 * them, all other characters are percent-encoded. No two names share an encoding, and `decodeName` gives the name back,
 * except for one longer than `maxLength`, whose end a hash replaces.
 */
export interface EncodedNameRules {
  /** The characters that stay. Never '%'. */
  readonly plain: RegExp
  /** Longest encoding, in characters. */
  readonly maxLength: number
}

/** Stands before the hash of a shortened name; no character encodes to it. */
const SHORTENED = '%~'

export function encodeName(name: string, { plain, maxLength }: EncodedNameRules): string {
  if (name === '') return '%'
  let encoded = ''
  for (const char of name) encoded += plain.test(char) ? char : percentEncode(char)
  // Neither blob names nor Windows keep a dot at the end, and '.' and '..' mean directories.
  if (encoded.endsWith('.')) encoded = `${encoded.slice(0, -1)}%2e`
  if (encoded.length <= maxLength) return encoded
  const hash = createHash('sha256').update(encoded).digest('hex')
  return encoded.slice(0, maxLength - hash.length - SHORTENED.length) + SHORTENED + hash
}

/** The name that was encoded; undefined when it was shortened, or is no encoding. */
export function decodeName(encoded: string): string | undefined {
  if (encoded === '%') return ''
  if (encoded.includes(SHORTENED)) return undefined
  try {
    return encoded
      .split(/%u([0-9a-f]{4})/)
      .map((part, i) => (i % 2 === 0 ? decodeURIComponent(part) : String.fromCharCode(Number.parseInt(part, 16))))
      .join('')
  } catch {
    return undefined
  }
}

function percentEncode(char: string): string {
  const code = char.codePointAt(0) ?? 0
  // Half of a surrogate pair has no UTF-8 form.
  if (code >= 0xd800 && code <= 0xdfff) return `%u${code.toString(16)}`
  return [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}
