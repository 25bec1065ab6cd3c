declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The part of its options we use. Without `path` everything stays in memory. */
  interface Options {
    path?: string;
    createTableMs?: number;
    updateTableMs?: number;
    deleteTableMs?: number;
  }
  /** Closing the server closes the database as well. */
  export default function dynalite(options?: Options): Server;
}
