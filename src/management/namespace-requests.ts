import { type AtomEntry, fromAtom, fromErrorBody } from './atom.js'
import { managementFailure } from './errors.js'
import type { NamespaceHttp, NamespaceRequest, NamespaceResponse } from './namespace-http.js'

/** Entities asked for at once: the most the service gives. */
const PAGE_SIZE = 100

/** The subject of a request, for error messages and their `topic`. */
export interface Subject {
  readonly operation: string
  readonly topic?: string
}

/** Requests to the namespace's HTTPS API, whose answers are Atom. What fails rejects with errors of kafkajs's family. */
export interface NamespaceRequests {
  /** Resolves with an answer of success, or one that is expected besides. */
  exchange(
    request: NamespaceRequest,
    subject: Subject,
    isExpected?: (response: NamespaceResponse) => boolean,
  ): Promise<NamespaceResponse>
  /** The entries of an answer. */
  entriesOf(response: NamespaceResponse, subject: Subject): AtomEntry[]
  /** Both in one; a deletion has no entries. */
  request(request: NamespaceRequest, subject: Subject): Promise<AtomEntry[]>
  /** Every entry of a feed, page by page. */
  list(path: readonly string[], subject: Subject): Promise<AtomEntry[]>
}

export function createNamespaceRequests(http: NamespaceHttp): NamespaceRequests {
  const send = async (request: NamespaceRequest, subject: Subject): Promise<NamespaceResponse> => {
    try {
      return await http.send(request)
    } catch (cause) {
      throw managementFailure({ ...subject, cause, retries: http.retries })
    }
  }

  const exchange: NamespaceRequests['exchange'] = async (request, subject, isExpected) => {
    const response = await send(request, subject)
    const { status, body } = response
    if (isSuccess(response) || isExpected?.(response)) return response
    throw managementFailure({ ...subject, status, detail: fromErrorBody(body), retries: http.retries })
  }

  const entriesOf = ({ body }: NamespaceResponse, subject: Subject): AtomEntry[] => {
    try {
      return fromAtom(body)
    } catch (cause) {
      throw managementFailure({ ...subject, cause })
    }
  }

  const request = async (request: NamespaceRequest, subject: Subject): Promise<AtomEntry[]> => {
    const response = await exchange(request, subject)
    return request.method === 'DELETE' ? [] : entriesOf(response, subject)
  }

  const list = async (path: readonly string[], subject: Subject): Promise<AtomEntry[]> => {
    const byName = new Map<string, AtomEntry>()
    for (let skip = 0; ; skip += PAGE_SIZE) {
      const page = await request({ method: 'GET', path, query: { $skip: skip, $top: PAGE_SIZE } }, subject)
      const known = byName.size
      for (const entry of page) byName.set(entry.name, entry)
      // An API version that ignores paging answers with everything each time.
      if (page.length < PAGE_SIZE || byName.size === known) return [...byName.values()]
    }
  }

  return { exchange, entriesOf, request, list }
}

function isSuccess({ status }: NamespaceResponse): boolean {
  return status >= 200 && status < 300
}
