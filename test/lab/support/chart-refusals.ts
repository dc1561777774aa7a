import { MONITORED } from './chart-rows.ts';

/** Values that are refused, with the words that say why. */
export const REFUSED_VALUES: readonly { readonly what: string; readonly values: object; readonly words: string }[] = [
  { what: 'a name with a typo', values: { controler: {} }, words: "additional properties 'controler' not allowed" },
  { what: 'one deep below', values: { speaker: { memberlist: { enable: true } } }, words: "additional properties 'enable' not allowed" },
  { what: 'a type', values: { prometheus: { metricsPort: '9120' } }, words: "at '/prometheus/metricsPort': got string, want integer" },
  {
    what: 'a port that there is not',
    values: { speaker: { bgpListenPort: 65536 } },
    words: "at '/speaker/bgpListenPort': maximum: got 65,536, want 65,535",
  },
  { what: 'a level', values: { speaker: { logLevel: 'verbose' } }, words: "at '/speaker/logLevel': value must be one of" },
  {
    what: 'a pause of none',
    values: { speaker: { bgpDebounceTimeout: 0 } },
    words: "at '/speaker/bgpDebounceTimeout': minimum: got 0, want 1",
  },
  {
    what: 'a drain that outlives the speaker',
    values: { speaker: { bgpDrain: 30, terminationGracePeriodSeconds: 30 } },
    words: 'speaker.terminationGracePeriodSeconds is 30: want more than speaker.bgpDrain, 30',
  },
  {
    what: 'hellos that a busy node misses',
    values: { speaker: { helloInterval: 49 } },
    words: 'speaker.helloInterval is 49: want at least 50',
  },
  {
    what: 'a kube-proxy nowhere',
    values: { speaker: { kubeProxyHealth: 'localhost' } },
    words: "at '/speaker/kubeProxyHealth': 'localhost' does not match pattern",
  },
  {
    what: 'a leader that outlives its lease',
    values: { controller: { leaderElection: { leaseDurationSeconds: 10 } } },
    words: 'controller.leaderElection.renewDeadlineSeconds is 10: want less than leaseDurationSeconds, 10',
  },
  {
    what: 'a lease that one lost renewal costs',
    values: { controller: { leaderElection: { retryPeriodSeconds: 6 } } },
    words: 'controller.leaderElection.retryPeriodSeconds is 6: want at most half of renewDeadlineSeconds, 10',
  },
  {
    what: 'nodes without memberlist',
    values: { speaker: { memberlist: { enabled: false }, nodeSelector: { a: 'b' } } },
    words: 'nodeSelector must be empty when memberlist is disabled',
  },
  {
    what: 'frr-k8s nowhere',
    values: { frrk8s: { enabled: false, external: true } },
    words: 'namespace is required when frrk8s is external',
  },
  {
    what: "MetalLB's image, brought along with its values",
    values: { speaker: { image: { repository: 'quay.io/metallb/speaker' } } },
    words: 'speaker.image.repository is an image of MetalLB',
  },
  { what: 'a configuration of old', values: { configInline: { 'address-pools': [] } }, words: 'configInline is not supported' },
  {
    what: 'both monitors',
    values: { prometheus: { ...MONITORED, podMonitor: { enabled: true }, serviceMonitor: { enabled: true } } },
    words: 'cannot both be set',
  },
  {
    what: 'a monitor of nobody',
    values: { prometheus: { serviceMonitor: { enabled: true } } },
    words: '.Values.prometheus.serviceAccount must be defined',
  },
  ...[
    { iprange: '10.0.0.1', words: '"10.0.0.1" is neither a CIDR nor a range' },
    { iprange: '10.0.0.300/24', words: '"10.0.0.300" is no IP address in "10.0.0.300/24"' },
    { iprange: '10.0.0.0/33', words: '"10.0.0.0/33" has no prefix length of 0 to 32 behind one slash' },
    { iprange: 'fc00::/129', words: '"fc00::/129" has no prefix length of 0 to 128' },
    { iprange: '10.0.0.9-10.0.0.1', words: '"10.0.0.9-10.0.0.1" ends before it begins' },
    { iprange: '10.0.0.1-fc00::1', words: '"10.0.0.1-fc00::1" begins and ends in different families' },
    { iprange: '10.0.0.1-10.0.0.2-10.0.0.3', words: 'has more than a first and a last address' },
    { iprange: 'fc00::1::/64', words: '"fc00::1::" is no IP address' },
    { iprange: '10.0.0.0/24,', words: '"" is neither a CIDR nor a range' },
  ].map(({ iprange, words }) => ({
    what: `iprange ${iprange}`,
    values: { iprange },
    words: `Invalid iprange: ${words}`.replace('range: has', 'range: "10.0.0.1-10.0.0.2-10.0.0.3" has'),
  })),
];
