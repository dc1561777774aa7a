import { formatIpv4 } from '../address.ts';
import { CEASE, ERROR_CODE } from '../error-code.ts';
import { errorName, errorSubcodeName } from '../error-name.ts';
import type { Fault } from '../fault.ts';
import type { Decoded, Message } from '../message.ts';
import { ceaseWithText, hardResetReason, type Notification, shutdownText } from '../notification.ts';
import type { Open } from '../open/open.ts';
import { err, ok, type Result } from '../result.ts';
import type { RouteRefresh, RouteRefreshSubtype } from '../route-refresh.ts';
import type { Update } from '../update/update.ts';
import { attributeFromJson, attributeToJson } from './attribute-json.ts';
import { capabilityFromJson, capabilityToJson } from './capability-json.ts';
import { hexadecimal, type JsonObject, JsonValue } from './json-value.ts';
import { routeReader, routeToJson } from './route-json.ts';

/**
 * A message as plain JSON: addresses, prefixes and communities as people write them, octets in hexadecimal.
 * {@link messageFromJson} reads it back.
 */
export function messageToJson(message: Message): JsonObject {
  switch (message.type) {
    case 'open':
      return openToJson(message);
    case 'update':
      return updateToJson(message);
    case 'notification':
      return notificationToJson(message);
    case 'route-refresh':
      return { type: message.type, afi: message.afi, safi: message.safi, subtype: message.subtype, data: hexadecimal(message.data) };
    case 'keepalive':
      return { type: message.type };
  }
}

/** What {@link decodeMessage} returned: the message, if there is one, and its faults. */
export function decodedToJson({ message, faults }: Decoded): JsonObject {
  return { ...(message === undefined ? {} : messageToJson(message)), faults: faults.map(faultToJson) };
}

function openToJson({ type, version, asn, holdTime, routerId, capabilities }: Open): JsonObject {
  return { type, version, asn, holdTime, routerId: formatIpv4(routerId), capabilities: capabilities.map(capabilityToJson) };
}

function updateToJson({ type, withdrawn, attributes, nlri }: Update): JsonObject {
  return { type, withdrawn: withdrawn.map(routeToJson), attributes: attributes.map(attributeToJson), nlri: nlri.map(routeToJson) };
}

/** With the names of code and subcode, the text of RFC 9003 and what a Hard Reset holds, where there are such. */
function notificationToJson(notification: Notification): JsonObject {
  const { type, code, subcode, data } = notification;
  const text = shutdownText(notification);
  const reason = hardResetReason(notification);
  return {
    type,
    code,
    codeName: errorName(code) ?? null,
    subcode,
    subcodeName: errorSubcodeName(code, subcode) ?? null,
    data: hexadecimal(data),
    ...(text === undefined ? {} : { text }),
    ...(reason === undefined ? {} : { reason: notificationToJson(reason) }),
  };
}

function faultToJson(fault: Fault): JsonObject {
  const { treatment, attribute, offset, reason } = fault;
  const error = fault.treatment === 'session-reset' ? { code: fault.code, subcode: fault.subcode, data: hexadecimal(fault.data) } : {};
  return { treatment, ...(attribute === undefined ? {} : { attribute }), offset, reason, ...error };
}

/**
 * The mirror of {@link messageToJson}; takes what `JSON.parse` returns. Refuses with one line for each value that is not
 * what it must be. What only explains other members (`faults`, names of codes, what a community means) is not read.
 */
export function messageFromJson(json: unknown): Result<Message, readonly string[]> {
  const faults: string[] = [];
  const message = readMessage(new JsonValue(json, faults));
  return faults.length === 0 ? ok(message) : err(faults);
}

function readMessage(json: JsonValue): Message {
  const type = json.field('type').oneOf(['keepalive', 'open', 'update', 'notification', 'route-refresh']);
  switch (type) {
    case 'open':
      return openFromJson(json);
    case 'update':
      return updateFromJson(json);
    case 'notification':
      return notificationFromJson(json);
    case 'route-refresh':
      return routeRefreshFromJson(json);
    case 'keepalive':
      return { type };
  }
}

function openFromJson(json: JsonValue): Open {
  return {
    type: 'open',
    version: json.field('version').unsigned(0xff),
    asn: json.field('asn').unsigned(0xffff_ffff),
    holdTime: json.field('holdTime').unsigned(0xffff),
    routerId: json.field('routerId').identifier(),
    capabilities: json.field('capabilities').list(capabilityFromJson),
  };
}

function updateFromJson(json: JsonValue): Update {
  const route = routeReader('IPv4');
  return {
    type: 'update',
    withdrawn: json.field('withdrawn').list(route),
    attributes: json.field('attributes').list(attributeFromJson),
    nlri: json.field('nlri').list(route),
  };
}

/** A text is taken where no data is given. */
function notificationFromJson(json: JsonValue): Notification {
  const [code, subcode] = [json.field('code').unsigned(0xff), json.field('subcode').unsigned(0xff)];
  const text = json.field('text');
  const data = json.field('data').octets();
  if (text.absent || data.length > 0) return { type: 'notification', code, subcode, data };
  if (code === ERROR_CODE.cease && (subcode === CEASE.administrativeShutdown || subcode === CEASE.administrativeReset)) {
    return ceaseWithText(subcode, text.text());
  }
  text.refuse('absent: only code 6 with subcode 2 or 4 has one');
  return { type: 'notification', code, subcode, data };
}

function routeRefreshFromJson(json: JsonValue): RouteRefresh {
  return {
    type: 'route-refresh',
    afi: json.field('afi').unsigned(0xffff),
    subtype: subtypeFromJson(json.field('subtype')),
    safi: json.field('safi').unsigned(0xff),
    data: json.field('data').octets(),
  };
}

function subtypeFromJson(json: JsonValue): RouteRefreshSubtype {
  return typeof json.json === 'number' ? json.unsigned(0xff) : json.oneOf(['request', 'begin', 'end']);
}
