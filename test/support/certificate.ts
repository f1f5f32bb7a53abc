import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** A self-signed certificate and its key, PEM. It is its own certification authority: trust it as `ca`. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/**
 * Makes a certificate for some host names and addresses, valid for a day. X.509 v3 (RFC 5280) written by hand, so that the
 * tests need neither openssl nor a package.
 */
export function createCertificate(
  options: { names?: string[]; addresses?: string[]; commonName?: string; notAfter?: Date } = {},
): Certificate {
  const { names = ['localhost'], addresses = ['127.0.0.1'], commonName = names[0] ?? 'test' } = options
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const now = Date.now()
  const subject = sequence(set(sequence(oid([2, 5, 4, 3]), der(0x0c, Buffer.from(commonName)))))
  const algorithm = sequence(oid([1, 2, 840, 10045, 4, 3, 2]))
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    subject,
    sequence(time(new Date(now - 3_600_000)), time(options.notAfter ?? new Date(now + 86_400_000))),
    subject,
    publicKey,
    der(
      0xa3,
      sequence(
        // subjectAltName
        extension([2, 5, 29, 17], sequence(...names.map(dnsName), ...addresses.map(ipAddress))),
        // basicConstraints: a certification authority
        extension([2, 5, 29, 19], sequence(der(0x01, Buffer.from([0xff])))),
      ),
    ),
  )
  const signature = sign('sha256', body, createPrivateKey(privateKey))
  const certificate = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const base64 = certificate.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')
  return { cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`, key: privateKey }
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const size = length > 0xff ? [0x82, length >> 8, length & 0xff] : [0x81, length]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts))
const set = (...parts: Buffer[]) => der(0x31, Buffer.concat(parts))
const integer = (value: Buffer) => der(0x02, value)
const dnsName = (name: string) => der(0x82, Buffer.from(name))
const ipAddress = (address: string) => der(0x87, Buffer.from(address.split('.').map(Number)))
const extension = (id: number[], value: Buffer) => sequence(oid(id), der(0x04, value))

function oid([first = 0, second = 0, ...rest]: number[]): Buffer {
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return der(0x06, Buffer.from(bytes))
}

function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
}
