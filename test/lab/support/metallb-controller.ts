// Stands in for MetalLB's controller where the API server asks it: lets every change in, and converts BGPPeers, on the port and with the certificate
// that are MetalLB's. It gives no addresses: what a test finds of those, the test has written.
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { METALLB_CERTIFICATES } from '../../support/metallb-certificates.ts';

const PORT = 9443;

/** What the API server asks, in either kind of review. */
interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: { readonly uid: string; readonly desiredAPIVersion?: string; readonly objects?: readonly object[] };
}

function answerTo({ apiVersion, kind, request }: Review): object {
  const { uid, desiredAPIVersion, objects = [] } = request;
  const convertedObjects = objects.map((object) => ({ ...object, apiVersion: desiredAPIVersion }));
  const verdict = kind === 'ConversionReview' ? { result: { status: 'Success' }, convertedObjects } : { allowed: true };
  return { apiVersion, kind, response: { uid, ...verdict } };
}

const { certificate, certificateKey } = METALLB_CERTIFICATES;
const server = createServer({ cert: certificate, key: certificateKey }, async (request, response) => {
  const review = (await json(request)) as Review;
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answerTo(review)));
});
server.listen(PORT);
process.once('SIGTERM', () => process.exit(0));
