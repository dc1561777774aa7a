import { MetalError } from '../../src/lib/errors.ts';

/** Something that was shown was not as it was said to be. */
export class ClaimError extends MetalError {
  readonly code = 'CLAIM_FAILED';
  readonly retryable = false;
}

/** Tells a story on standard output in numbered acts, and counts what it has proved. */
export class Narrator {
  #acts = 0;
  #claims = 0;
  #last = ' ';

  /** How many claims have held so far. */
  get claims(): number {
    return this.#claims;
  }

  /** Begins the next act. */
  act(title: string): void {
    this.#gap();
    this.#write(`${++this.#acts}. ${title}`);
    this.#gap();
  }

  /** One line of progress. */
  readonly say = (line: string): void => this.#write(`   ${line}`);

  /** A command and what it printed. */
  show(command: string, printed: string): void {
    this.#gap();
    this.#write(`   $ ${command}`);
    for (const line of printed.trimEnd().split('\n')) this.#write(`   ${line}`.trimEnd());
    this.#gap();
  }

  /** Says that something holds; throws a {@link ClaimError} with what was seen instead when it does not. */
  claim(holds: boolean, text: string, seen: string = ''): void {
    if (!holds) throw new ClaimError(`not true: ${text}${seen === '' ? '' : ` (seen: ${seen})`}`);
    this.#claims++;
    this.#write(`   ✓ ${text}`);
  }

  /** The last words, at the left edge. */
  end(line: string): void {
    this.#gap();
    this.#write(line);
  }

  /** One empty line, however many of its neighbours ask for one. */
  #gap(): void {
    if (this.#last !== '') this.#write('');
  }

  #write(line: string): void {
    this.#last = line;
    process.stdout.write(`${line}\n`);
  }
}
