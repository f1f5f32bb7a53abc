const loopback = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?(::1|0:0:0:0:0:0:0:1)\]?)$/i

/** True for a host that is this machine, an IPv6 address with or without brackets. */
export const isLoopback = (host: string): boolean => loopback.test(host)
