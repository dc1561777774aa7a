import type { ServerResponse } from 'node:http';
import type { Change, StoredObject } from './object-store.ts';
import { eventFor, type Selection } from './selection.ts';

/** One open watch. */
export class WatchSession {
  readonly selection: Selection;
  readonly #response: ServerResponse;
  readonly #sent: string[] = [];
  #frozen: boolean = false;

  constructor(selection: Selection, response: ServerResponse) {
    this.selection = selection;
    this.#response = response;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
  }

  /** Sends what `change` means to this watch, if anything. */
  tell(change: Change): void {
    const event = eventFor(this.selection, change);
    if (event !== undefined) this.#sendEvent(event.type, event.object);
  }

  /** Sends the objects that a streaming list begins with, and the bookmark that ends them. */
  tellInitial(objects: readonly StoredObject[], version: number): void {
    for (const object of objects) this.#sendEvent('ADDED', object);
    this.bookmark(version, true);
  }

  bookmark(version: number, initialEnd: boolean = false): void {
    const annotations = initialEnd ? { 'k8s.io/initial-events-end': 'true' } : undefined;
    const object = { kind: 'Bookmark', apiVersion: 'v1', metadata: { resourceVersion: String(version), annotations } };
    this.sendLine(JSON.stringify({ type: 'BOOKMARK', object }));
  }

  /** Sends the last `count` events once more, the newest first. */
  repeat(count: number): void {
    for (const line of this.#sent.slice(-count).reverse()) this.sendLine(line);
  }

  /** Sends anything. */
  sendLine(line: string): void {
    if (!this.#frozen) this.#response.write(`${line}\n`);
  }

  /** An error event, which ends a watch. */
  fail(status: object): void {
    this.sendLine(JSON.stringify({ type: 'ERROR', object: status }));
    this.end();
  }

  /** From now on nothing is sent, and the connection stays open. */
  freeze(): void {
    this.#frozen = true;
  }

  end(): void {
    this.#response.end();
  }

  /** Closes the connection without ending the answer. */
  cut(): void {
    this.#response.socket?.destroy();
  }

  #sendEvent(type: string, object: StoredObject): void {
    const line = JSON.stringify({ type, object });
    this.#sent.push(line);
    this.sendLine(line);
  }
}
