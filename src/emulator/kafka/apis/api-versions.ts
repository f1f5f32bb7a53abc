import type { Api } from '../protocol/api.js'
import { ERROR } from '../protocol/error-codes.js'
import { API_VERSIONS } from '../protocol/schemas/connection.js'
import { handler } from './handler.js'

const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** Says what is offered. Asked for a version that is not, it says so in the oldest form, which everybody reads. KIP-511. */
export function apiVersions(offered: () => readonly Api[]) {
  return handler(API_VERSIONS, ({ version }, { clientSoftwareName, clientSoftwareVersion }) => {
    const isNamed = SOFTWARE.test(clientSoftwareName) && SOFTWARE.test(clientSoftwareVersion)
    if (version >= 3 && !isNamed) return { errorCode: ERROR.invalidRequest, apiKeys: [] }
    return { errorCode: ERROR.none, apiKeys: offered().map(offerOf) }
  })
}

export function offerOf({ key, versions: [minVersion, maxVersion] }: Api) {
  return { apiKey: key, minVersion, maxVersion }
}
