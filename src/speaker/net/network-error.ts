import { getSystemErrorMap } from 'node:util';
import { MetalError } from '../../lib/errors.ts';

/** Refusals that pass or that somebody can lift while the program runs; all others are the same at the next try. */
const LASTING = new Set(['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'ENOSYS', 'EINVAL', 'NO_ADDON']);

/** What to do about it, where the kernel's own words do not say it. */
const ADVICE: Readonly<Record<string, string>> = {
  EPERM: "needs the capability NET_RAW: add it to the container's securityContext (capabilities.add), or run as root",
  EACCES: "needs the capability NET_RAW: add it to the container's securityContext (capabilities.add), or run as root",
  EAFNOSUPPORT: 'needs a kernel with packet sockets (CONFIG_PACKET)',
  EPROTONOSUPPORT: 'needs a kernel with packet sockets (CONFIG_PACKET)',
  ENODEV: 'the interface does not exist any more',
  ENXIO: 'the interface does not exist any more',
  ENETDOWN: 'the interface is down',
  ENOMEM: 'the kernel gives no memory for it; a larger net.core.optmem_max may help',
  ENOBUFS: 'the kernel has no room for it at the moment',
  EMFILE: 'this process has too many open files; raise its limit',
  ENFILE: 'this machine has too many open files; raise fs.file-max',
};

/** The kernel refused something that a socket of the wire needs; the message says what and what to do about it. */
export class NetworkError extends MetalError {
  /** The kernel's name of the error, such as `EPERM`; `NO_ADDON` when the compiled part is missing. */
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = !LASTING.has(code);
  }
}

/** The error for a negative errno that came back from `what`, such as "answering ARP on eth0". */
export function networkError(what: string, errno: number): NetworkError {
  const [code, text] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, `error ${-errno} of the kernel`];
  const advice = ADVICE[code];
  return new NetworkError(
    code,
    advice === undefined ? `${what}: ${text}` : advice.startsWith('needs') ? `${what} ${advice}` : `${what}: ${advice}`,
  );
}
