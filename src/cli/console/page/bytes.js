/** Bytes as text, JSON or hex. */

const bytesOf = ({ base64 }) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))

/** One line, for a table. */
export function summaryOf(shown) {
  if (shown === null) return 'null'
  if (shown.text !== undefined) return shown.text
  return Array.from(bytesOf(shown).subarray(0, 32), toHex).join(' ')
}

export function formatBytes(shown, format) {
  if (shown === null) return 'null'
  const cut = shown.isCut ? `\n… ${shown.size} bytes in all` : ''
  if (format === 'hex' || shown.text === undefined) return hexDump(bytesOf(shown)) + cut
  if (format === 'json') {
    try {
      return JSON.stringify(JSON.parse(shown.text), null, 2)
    } catch {
      return shown.text + cut
    }
  }
  return shown.text + cut
}

/** The format that a value looks best in. */
export function guessFormat(shown) {
  if (shown?.text === undefined) return shown === null ? 'text' : 'hex'
  return /^\s*[[{]/.test(shown.text) ? 'json' : 'text'
}

const toHex = (byte) => byte.toString(16).padStart(2, '0')

function hexDump(bytes) {
  const lines = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16))
    const hex = row.map(toHex).join(' ').padEnd(47)
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex}  ${text}`)
  }
  return lines.join('\n')
}
