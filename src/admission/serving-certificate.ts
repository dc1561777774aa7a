import { createPrivateKey, X509Certificate } from 'node:crypto';

/** A certificate and its key, both in PEM. */
export interface KeyPair {
  /** The certificate, and behind it those that lead to the authority, if there are any. */
  readonly certificate: string;
  /** A secret: it goes into no log and into no error. */
  readonly privateKey: string;
}

/** What became of a pair that was set: `unusable` is one that is no certificate with its key, and the one before stays. */
export type SetOutcome = 'shown' | 'unchanged' | 'unusable';

/** Takes notice of another certificate. */
type Listener = (pair: KeyPair) => void;

/** The certificate that a server shows: who keeps it sets it, also while the server runs. */
export class ServingCertificate {
  readonly #listeners = new Set<Listener>();
  readonly #first = Promise.withResolvers<KeyPair>();
  #current: KeyPair | undefined;

  /** The one that was set last. */
  get current(): KeyPair | undefined {
    return this.#current;
  }

  /** Resolves with the first one, once there is one. */
  get first(): Promise<KeyPair> {
    return this.#first.promise;
  }

  /** Shows `pair` from now on, if it can be shown. */
  set(pair: KeyPair): SetOutcome {
    const { certificate, privateKey } = this.#current ?? { certificate: '', privateKey: '' };
    if (pair.certificate === certificate && pair.privateKey === privateKey) return this.#current === undefined ? 'unusable' : 'unchanged';
    if (!isPair(pair)) return 'unusable';
    this.#current = pair;
    this.#first.resolve(pair);
    for (const listener of this.#listeners) listener(pair);
    return 'shown';
  }

  /** Calls `listener` with each later one. Disposing ends it. */
  subscribe(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** Whether `privateKey` is the key of `certificate`. */
export function isPair({ certificate, privateKey }: KeyPair): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    return false; // one of the two is no PEM
  }
}
