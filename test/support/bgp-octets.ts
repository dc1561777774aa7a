import { octetsOf } from './octets.ts';

/** Type codes of messages of BGP (RFC 4271, Section 4.1). */
export const TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

/** A message of BGP: the header with the length that is right, and a body in hexadecimal. */
export function bgpMessage(type: number, body: string): Uint8Array<ArrayBuffer> {
  const octets = octetsOf(body);
  const message = new Uint8Array(19 + octets.length).fill(0xff, 0, 16);
  new DataView(message.buffer).setUint16(16, message.length);
  message[18] = type;
  message.set(octets, 19);
  return message;
}

/** An UPDATE of three parts in hexadecimal, with the two lengths that are right. */
export function bgpUpdate(withdrawn: string, attributes: string, nlri: string): Uint8Array<ArrayBuffer> {
  return bgpMessage(TYPE.update, `${counted(withdrawn)} ${counted(attributes)} ${nlri}`);
}

function counted(part: string): string {
  return `${octetsOf(part).length.toString(16).padStart(4, '0')} ${part.replace(/#.*/g, '')}`;
}
