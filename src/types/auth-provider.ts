import type { NamedKeyCredential, SASCredential, TokenCredential } from '@azure/core-auth'

/** The namespace a credential is wanted for. @public */
export interface AuthTarget {
  /** Host name without port, e.g. `my-namespace.servicebus.windows.net`. */
  fullyQualifiedNamespace: string
}

/**
 * The credential an {@link AuthProvider} hands out: a connection string, or any credential shape that Azure SDKs take.
 * @public
 */
export type EventHubsCredential = { connectionString: string } | TokenCredential | NamedKeyCredential | SASCredential

/** The source of credentials. One method: anyone can write one. @public */
export interface AuthProvider {
  /**
   * Called when a client connects, and again when what it gave is about to expire or was refused. May be asynchronous.
   * Tokens are asked from a `TokenCredential` as they are needed.
   */
  getCredential(target: AuthTarget): EventHubsCredential | Promise<EventHubsCredential>
}
