import { readdir, readFile, readlink } from 'node:fs/promises';

const LISTEN = '0A';

/** Addresses at which this process accepts connections, as Linux sees them, for example `127.0.0.1:4000`. */
export async function listeningAddresses(): Promise<string[]> {
  const own = new Set(await openSockets());
  const tables = await Promise.all(['tcp', 'tcp6'].map((family) => readFile(`/proc/self/net/${family}`, 'utf8')));
  const rows = tables.flatMap((table) => table.trim().split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  return rows.filter((row) => row[3] === LISTEN && own.has(row[9] ?? '')).map((row) => readable(row[1] ?? ''));
}

async function openSockets(): Promise<string[]> {
  const links = await Promise.allSettled((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`)));
  return links.flatMap((link) =>
    link.status === 'fulfilled' ? (/^socket:\[(\d+)\]$/.exec(link.value)?.[1] ?? []) : [],
  );
}

/** `0100007F:0FA0` is 127.0.0.1:4000; an IPv6 address stays as it is. */
function readable(hex: string): string {
  const [address = '', port = ''] = hex.split(':');
  const parts =
    address.length === 8
      ? address
          .match(/../g)
          ?.toReversed()
          .map((part) => parseInt(part, 16))
      : undefined;
  return `${parts?.join('.') ?? address}:${parseInt(port, 16)}`;
}
