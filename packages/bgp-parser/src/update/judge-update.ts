import type { Context } from '../context.ts';
import { ERROR_CODE, UPDATE_ERROR } from '../error-code.ts';
import type { Fault } from '../fault.ts';
import { Refusal, resetFor } from '../refusal.ts';
import { ATTRIBUTE_CODECS } from './attribute-codec.ts';

/** What a whole UPDATE holds, as far as the rules below ask. */
export interface UpdateOutline {
  /** Type codes of all attributes that are there, the faulty ones too. */
  readonly seen: ReadonlySet<number>;
  /** Whether there are routes behind the attributes. */
  readonly hasNlri: boolean;
  /** Where the attributes begin. */
  readonly attributesAt: number;
}

const MP_REACH = ATTRIBUTE_CODECS['mp-reach-nlri'].code;
const MP_UNREACH = ATTRIBUTE_CODECS['mp-unreach-nlri'].code;

/** Adds the faults that show only when all of an UPDATE is read. */
export function judgeUpdate(outline: UpdateOutline, context: Context, faults: Fault[]): void {
  const announces = outline.hasNlri || outline.seen.has(MP_REACH);
  if (announces) faults.push(...missingAttributes(outline, context));
  else if (faults.some(hidesRoutes)) faults.push(lostRoutes(outline));
}

/**
 * Attributes that routes must have and that are not there (RFC 7606, Section 3, item d). NEXT_HOP is for the routes
 * behind the attributes: those of MP_REACH_NLRI bring their own.
 */
function missingAttributes({ seen, hasNlri, attributesAt }: UpdateOutline, context: Context): readonly Fault[] {
  const wanted = [
    'origin',
    'as-path',
    ...(hasNlri ? ['next-hop' as const] : []),
    ...(context.internal === true ? ['local-pref' as const] : []),
  ] as const;
  return wanted
    .map((name) => ({ name, attribute: ATTRIBUTE_CODECS[name].code }))
    .filter(({ attribute }) => !seen.has(attribute))
    .map(({ name, attribute }) => ({
      treatment: 'treat-as-withdraw',
      attribute,
      offset: attributesAt,
      reason: `attribute ${name} is missing, must be there`,
    }));
}

function hidesRoutes({ treatment, attribute }: Fault): boolean {
  return treatment === 'treat-as-withdraw' && attribute !== MP_UNREACH;
}

/**
 * Attributes are for routes. Where some are faulty and no route was found, the routes may be in what could not be read,
 * and nobody knows which to withdraw (RFC 7606, Section 5.2). That is why MP_REACH_NLRI should come first.
 */
function lostRoutes({ attributesAt }: UpdateOutline): Fault {
  const refusal = new Refusal(attributesAt, 'attributes are malformed and no route was found that they are for');
  return resetFor(refusal, ERROR_CODE.update, UPDATE_ERROR.malformedAttributeList);
}
