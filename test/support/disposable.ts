/**
 * A client as what it is: it has `[Symbol.asyncDispose]`, which its type leaves out, as kafkajs's does. For `await using`.
 */
export function disposable<Client extends { disconnect(): Promise<void> }>(client: Client): Client & AsyncDisposable {
  return client as Client & AsyncDisposable
}
