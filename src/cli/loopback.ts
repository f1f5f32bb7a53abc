/** True for a host that is this machine: an emulator's, as no namespace of the service has such a name. */
export const isLoopback = (host: string): boolean =>
  /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
