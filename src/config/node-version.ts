/** The oldest Node.js that this package runs on; `engines` says the same. */
const OLDEST = [20, 19] as const

/** One line instead of whatever would fail first. */
export function refuseOldNode(version: string): void {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return
  throw new Error(
    `kafkajs-eventhubs needs Node.js ${OLDEST.join('.')} or newer, and this is ${version}: update Node.js`,
  )
}
