/** Which names of hosts are this machine alone. */

/** `localhost`, `127.0.0.0/8` and `::1`, the last with or without brackets. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
