import type { Host } from '../../../hack/lab/host.ts';

const RULES =
  'table inet blind { chain out { type filter hook output priority 0; tcp dport 6443 drop; }; chain in { type filter hook input priority 0; tcp sport 6443 drop; }; }';

/** Keeps the API server from whatever runs on a host, until it is disposed of: what is known of the cluster there stays what it was. */
export async function blind(host: Host): Promise<AsyncDisposable> {
  await host.run(['nft', '-f', '-'], RULES);
  return { [Symbol.asyncDispose]: async () => void (await host.run(['nft', 'delete', 'table', 'inet', 'blind'])) };
}
