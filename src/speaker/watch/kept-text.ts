/** A text that outlives this process; writing it says what goes wrong, and never throws. */
export interface TextFile {
  read(): string | undefined;
  write(text: string): void;
}

/** The boot of the kernel that this process runs on. */
export interface Boot {
  /** Differs from boot to boot; empty where the kernel does not say it. */
  readonly id: string;
  /** Seconds since it: no hour that somebody sets, or that steps, is in it. */
  seconds(): number;
}

/** What was kept, and how long ago. */
export interface Kept {
  readonly text: string;
  readonly ageSeconds: number;
}

/** A text that outlives this process, and not the boot of the machine: what it says of the network is void after that. */
export class KeptText {
  readonly #file: TextFile;
  readonly #boot: Boot;

  constructor(file: TextFile, boot: Boot) {
    this.#file = file;
    this.#boot = boot;
  }

  /** What was kept since the kernel started; `undefined` when there is nothing, or nothing to rely on. */
  read(): Kept | undefined {
    const content = this.#file.read() ?? '';
    const end = content.indexOf('\n');
    const [boot, at] = content.slice(0, Math.max(0, end)).split(' ');
    const ageSeconds = this.#boot.seconds() - Number(at);
    if (this.#boot.id === '' || boot !== this.#boot.id || !(ageSeconds >= 0)) return undefined;
    return { text: content.slice(end + 1), ageSeconds };
  }

  /** Keeps a text in the place of the one before. */
  write(text: string): void {
    this.#file.write(`${this.#boot.id} ${this.#boot.seconds()}\n${text}`);
  }
}
