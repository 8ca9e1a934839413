/**
 * Where the control socket is. It always lies in the data folder; a folder whose path is too long for a
 * socket's address is reached through a link of a moment in the temporary folder.
 */
import { mkdtempSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

export const socketName = 'control.sock';

/** What fits everywhere: Linux takes 107 bytes, macOS 103. */
const maxBytes = 103;

/** Calls `use` with a name of the socket that fits an address; the name is good until `use` has resolved. */
export async function withAddress<T>(
  socket: string,
  use: (address: string) => Promise<T>,
): Promise<T> {
  if (Buffer.byteLength(socket) <= maxBytes) return use(socket);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  const link = join(folder, 'd');
  try {
    symlinkSync(dirname(socket), link);
    return await use(join(link, basename(socket)));
  } finally {
    unlinkSync(link);
    rmdirSync(folder);
  }
}
