/** Asks for one HTTP or HTTPS exchange on a connection of its own; certificates are not checked. */
export interface HttpAsk {
  readonly kind: 'http';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly withinMilliseconds: number;
}

/** Asks for one datagram there and one back. */
export interface UdpAsk {
  readonly kind: 'udp';
  readonly address: string;
  readonly port: number;
  readonly text: string;
  readonly withinMilliseconds: number;
}

/** Sends one datagram and waits for nothing: the kernel must find out who has the address. */
export interface ProvokeAsk {
  readonly kind: 'provoke';
  readonly address: string;
}

/** Becomes the back end of a pod: answers HTTP and UDP with its own name, its node's and the client's address; `/stream` is a download without an end. */
export interface ServeAsk {
  readonly kind: 'serve';
  readonly pod: string;
  readonly node: string;
  readonly port: number;
}

/** Hands connections of the listening socket that comes with this message on to a server that this host reaches. */
export interface RelayAsk {
  readonly kind: 'relay';
  readonly address: string;
  readonly port: number;
}

/** Listens on this host, and hands the listening socket to whoever asked: its connections are made in this host's network. */
export interface ListenAsk {
  readonly kind: 'listen';
  readonly address: string;
  readonly port: number;
}

/** One job for an agent. */
export type Ask = HttpAsk | UdpAsk | ProvokeAsk | ServeAsk | RelayAsk | ListenAsk;

/** What came back of an exchange. `milliseconds` is measured on the host, from before the connection to the last byte. */
export interface Answer {
  /** The HTTP status; 0 for everything else. */
  readonly status: number;
  readonly text: string;
  readonly milliseconds: number;
}

/** A job with the number that its reply carries. */
export interface Order {
  readonly number: number;
  readonly ask: Ask;
}

/** The reply to the order of the same number. */
export type Reply =
  | { readonly number: number; readonly ok: true; readonly answer: Answer }
  | { readonly number: number; readonly ok: false; readonly reason: string };
