import { connect } from 'node:net';

/** What comes back for bytes that no HTTP client would send: the status of the first answer, or `closed` where there is none. */
export function sendRaw(url: string, text: string | Buffer): Promise<number | 'closed'> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let got = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(text));
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => {
      got += data;
    });
    // A server that has heard enough may reset the connection while more is on its way.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(got)?.[1];
      resolve(status === undefined ? 'closed' : Number(status));
    });
  });
}

/** A request that says it has a body and sends a few bytes of it, and no more until it is ended. */
export function holdOpen(url: string, head: string): Promise<() => void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      socket.write(head, () => resolve(() => void socket.destroy()));
    });
    socket.once('error', reject);
    socket.on('error', () => socket.destroy());
  });
}
