import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, createCertificate } from './certificate.js'
import { startProgram } from './processes.js'
import type { AuthenticateConfig, AuthenticateResult } from './programs/authenticate.js'

/** A certificate for localhost, on disk, as `NODE_EXTRA_CA_CERTS` wants it. */
export interface TrustedCertificate extends Certificate, AsyncDisposable {
  readonly path: string
  readonly keyPath: string
}

export async function trustedCertificate(): Promise<TrustedCertificate> {
  const directory = await mkdtemp(join(tmpdir(), 'certificate-'))
  const certificate = createCertificate()
  const path = join(directory, 'ca.pem')
  const keyPath = join(directory, 'key.pem')
  await Promise.all([writeFile(path, certificate.cert), writeFile(keyPath, certificate.key)])
  return {
    ...certificate,
    path,
    keyPath,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Runs the program that sends a message and reads it back, in a process that trusts a certificate. */
export async function authenticate(
  config: AuthenticateConfig,
  { trust, env = {} }: { trust?: TrustedCertificate; env?: Record<string, string> } = {},
): Promise<AuthenticateResult> {
  await using program = startProgram<AuthenticateResult>(new URL('programs/authenticate.ts', import.meta.url), {
    env: {
      ...env,
      PROGRAM_CONFIG: JSON.stringify(config),
      ...(trust && { NODE_EXTRA_CA_CERTS: trust.path }),
    },
  })
  return await program.waitFor((line) => line.type === 'result', 60_000)
}
