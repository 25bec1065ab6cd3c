import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';

export interface LogOptions {
  /** One file for each function, of this run only; undefined writes none. */
  dir: string | undefined;
  /** Prints the lines as well. */
  print?: (line: string) => void;
}

/** Where the functions' lines go. */
export class Logs {
  readonly #options: LogOptions;
  readonly #files: WriteStream[] = [];

  constructor(options: LogOptions) {
    this.#options = options;
    if (options.dir !== undefined) mkdirSync(options.dir, { recursive: true });
  }

  open(name: string): (line: string) => void {
    const { dir, print } = this.#options;
    const file = dir === undefined ? undefined : createWriteStream(join(dir, `${name}.log`), { mode: 0o600 });
    if (file) this.#files.push(file);
    return (line) => {
      file?.write(`${line}\n`);
      print?.(`${name}  ${line}`);
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => new Promise<void>((resolve) => file.end(resolve))));
  }
}
