import rhea from 'rhea'

/** Decodes a whole message, as rhea does: for looking at stored events, not for moving them. */
export function decodeMessage(bytes: Buffer): Record<string, unknown> {
  return rhea.message.decode(bytes) as unknown as Record<string, unknown>
}
