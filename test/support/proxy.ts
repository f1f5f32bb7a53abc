import { Server as ProxyServer } from 'proxy-chain'

/** A proxy, and what went through it, as `host:port`. */
export interface TestProxy extends AsyncDisposable {
  readonly targets: readonly string[]
  url(user: string): string
}

/** Starts a proxy that asks for a password. */
export async function startProxy(
  accepts = (username: string, password: string) => username === 'me' && password === 'p@ss',
): Promise<TestProxy> {
  const targets: string[] = []
  const proxy = new ProxyServer({
    port: 0,
    host: '127.0.0.1',
    prepareRequestFunction: ({ hostname, port, username, password }) => {
      const isAccepted = accepts(username, password)
      if (isAccepted) targets.push(`${hostname}:${port}`)
      return { requestAuthentication: !isAccepted }
    },
  })
  await proxy.listen()
  return {
    targets,
    url: (user: string) => `http://${user}@127.0.0.1:${proxy.port}`,
    [Symbol.asyncDispose]: () => proxy.close(true),
  }
}
