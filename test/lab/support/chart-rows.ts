/** An object as the chart renders it, as far as the tests look into it. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Values, and what they make of the objects: by `Kind/name path`, of which numbers are places in a list. `undefined` says that there is none. */
export interface ValueRow {
  readonly what: string;
  readonly values: object;
  readonly shows: Readonly<Record<string, unknown>>;
}

const CONTROLLER = 'Deployment/metallb-controller spec.template.spec';
const SPEAKER = 'DaemonSet/metallb-speaker spec.template.spec';
const OWN_NAMESPACE = { 'kubernetes.io/metadata.name': 'metallb-system' };
/** Whom the monitors let read. */
export const MONITORED = { serviceAccount: 'prometheus', namespace: 'monitoring' };

/** What the arguments of a container hold, besides others. */
export interface Holding {
  readonly holds: readonly string[];
}

/** Sets of values that people bring from MetalLB's chart, and ours. */
export const VALUE_ROWS: readonly ValueRow[] = [
  {
    what: 'nothing',
    values: {},
    shows: {
      'Deployment/metallb-controller spec.replicas': 2,
      [`${CONTROLLER}.containers.0.image`]: 'typemetal:0.1.0',
      [`${CONTROLLER}.containers.0.command.0`]: '/opt/typemetal/bin/controller',
      [`${CONTROLLER}.containers.0.args`]: [
        '--port=9120',
        '--log-level=info',
        '--health-probe-port=17472',
        '--webhook-mode=enabled',
        '--webhook-configuration=metallb-webhook-configuration',
        '--leader-elect-lease-duration=15s',
        '--leader-elect-renew-deadline=10s',
        '--leader-elect-retry-period=2s',
      ],
      [`${SPEAKER}.containers.0.args`]: [
        '--port=9120',
        '--log-level=info',
        '--health-probe-port=17472',
        '--bgp-drain=5',
        '--hello-interval=100',
        '--idle-hello-interval=1000',
        '--kube-proxy-health=127.0.0.1:10256',
        '--restart-grace=300',
        '--speaker-grace=30',
      ],
      [`${SPEAKER}.terminationGracePeriodSeconds`]: 10,
      [`${SPEAKER}.containers.0.securityContext.capabilities`]: { drop: ['ALL'], add: ['NET_RAW'] },
      [`${SPEAKER}.volumes.0.secret.secretName`]: 'metallb-memberlist',
      [`${SPEAKER}.volumes.2.hostPath.path`]: '/run/typemetal/metallb-system',
      'DaemonSet/metallb-speaker spec.updateStrategy': { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      'PodDisruptionBudget/metallb-controller spec.maxUnavailable': 1,
      'ValidatingWebhookConfiguration/metallb-webhook-configuration webhooks.0.failurePolicy': 'Ignore',
      'ValidatingWebhookConfiguration/metallb-webhook-configuration webhooks.0.namespaceSelector': undefined,
      'CustomResourceDefinition/ipaddresspools.metallb.io metadata.annotations': { 'helm.sh/resource-policy': 'keep' },
      'IPAddressPool/metallb kind': undefined,
      'NetworkPolicy/metallb-controller kind': undefined,
    },
  },
  {
    what: 'names, class and pull secrets',
    values: { fullnameOverride: 'lb', nameOverride: 'other', loadBalancerClass: 'example.com/lb', imagePullSecrets: [{ name: 'pull' }] },
    shows: {
      'Deployment/lb-controller spec.selector.matchLabels': {
        'app.kubernetes.io/name': 'other',
        'app.kubernetes.io/instance': 'metallb',
        'app.kubernetes.io/component': 'controller',
      },
      'Deployment/lb-controller spec.template.spec.containers.0.args.1': '--lb-class=example.com/lb',
      'DaemonSet/lb-speaker spec.template.spec.containers.0.args.1': '--lb-class=example.com/lb',
      'DaemonSet/lb-speaker spec.template.spec.imagePullSecrets': [{ name: 'pull' }],
      'ClusterRole/lb:speaker kind': 'ClusterRole',
      'ClusterRole/lb:controller rules.7.resourceNames': ['lb-webhook-configuration'],
      'ValidatingWebhookConfiguration/lb-webhook-configuration kind': 'ValidatingWebhookConfiguration',
      'Deployment/lb-controller spec.template.spec.containers.0.args.5': '--webhook-configuration=lb-webhook-configuration',
      'Role/lb-controller rules.9.resourceNames': ['lb-memberlist'],
    },
  },
  {
    what: 'TLS of metrics and webhooks',
    values: {
      tls: {
        minVersion: 'VersionTLS12',
        cipherSuites: 'TLS_AES_128_GCM_SHA256',
        controllerMetricsTLSSecret: 'a',
        speakerMetricsTLSSecret: 'b',
      },
    },
    shows: {
      [`${CONTROLLER}.containers.0.args`]: { holds: ['--tls-min-version=VersionTLS12', '--metrics-cert-dir=/etc/metallb-metrics-certs'] },
      [`${CONTROLLER}.volumes.0.secret.secretName`]: 'a',
      [`${SPEAKER}.volumes.2.secret.secretName`]: 'b',
      [`${SPEAKER}.containers.0.args`]: { holds: ['--tls-cipher-suites=TLS_AES_128_GCM_SHA256'] },
    },
  },
  {
    what: 'kinds from elsewhere, webhooks that must answer',
    values: { crds: { enabled: false, validationFailurePolicy: 'Fail', validationNamespaceSelector: { matchLabels: OWN_NAMESPACE } } },
    shows: {
      'CustomResourceDefinition/ipaddresspools.metallb.io kind': undefined,
      'ValidatingWebhookConfiguration/metallb-webhook-configuration webhooks.5.failurePolicy': 'Fail',
      'ValidatingWebhookConfiguration/metallb-webhook-configuration webhooks.5.namespaceSelector': { matchLabels: OWN_NAMESPACE },
    },
  },
  {
    what: 'kinds that go with the release, no webhooks',
    values: { crds: { keep: false }, controller: { webhookMode: 'disabled' } },
    shows: {
      'CustomResourceDefinition/bgppeers.metallb.io metadata.annotations': undefined,
      'ValidatingWebhookConfiguration/metallb-webhook-configuration kind': undefined,
      [`${CONTROLLER}.containers.0.args`]: { holds: ['--webhook-mode=disabled'] },
    },
  },
  {
    what: 'rights and accounts from elsewhere',
    values: {
      rbac: { create: false },
      controller: { serviceAccount: { create: false, name: 'mine' } },
      speaker: { serviceAccount: { annotations: { a: 'b' } } },
    },
    shows: {
      'ClusterRole/metallb:controller kind': undefined,
      'ServiceAccount/metallb-controller kind': undefined,
      [`${CONTROLLER}.serviceAccountName`]: 'mine',
      'ServiceAccount/metallb-speaker metadata.annotations': { a: 'b' },
    },
  },
  {
    what: 'network policies',
    values: { networkpolicies: { enabled: true, defaultDeny: true, apiPort: 443 } },
    shows: {
      'NetworkPolicy/metallb-controller spec.egress.0.ports.0.port': 443,
      'NetworkPolicy/default-deny spec.policyTypes': ['Ingress', 'Egress'],
    },
  },
  {
    what: 'monitors by Service, rules and annotations',
    values: {
      prometheus: {
        ...MONITORED,
        scrapeAnnotations: true,
        metricsPort: 7472,
        serviceMonitor: { enabled: true, interval: '15s', speaker: { additionalLabels: { release: 'p' }, tlsConfig: { serverName: 's' } } },
        prometheusRule: {
          enabled: true,
          addressPoolUsage: { thresholds: [{ percent: 50, labels: { severity: 'info' } }] },
          extraAlerts: [{ alert: 'Mine', expr: 'up == 0' }],
        },
        grafanaDashboard: { enabled: true, namespace: 'default', annotations: { grafana_folder: 'Network' } },
      },
    },
    shows: {
      'ServiceMonitor/metallb-speaker-monitor spec.endpoints.0.interval': '15s',
      'ServiceMonitor/metallb-speaker-monitor metadata.labels.release': 'p',
      'ServiceMonitor/metallb-speaker-monitor spec.endpoints.0.tlsConfig': { insecureSkipVerify: true, serverName: 's' },
      'Service/metallb-controller-monitor-service spec.ports.0.port': 7472,
      'PrometheusRule/metallb spec.groups.0.rules.3.expr':
        '( metallb_allocator_addresses_in_use_total{pool!~""} / metallb_allocator_addresses_total ) * 100 > 50',
      'PrometheusRule/metallb spec.groups.0.rules.10.alert': 'Mine',
      'ConfigMap/metallb-dashboard metadata.namespace': 'default',
      'ConfigMap/metallb-dashboard metadata.labels.grafana_dashboard': '1',
      'ConfigMap/metallb-dashboard metadata.annotations.grafana_folder': 'Network',
      'RoleBinding/metallb-prometheus subjects.0.name': 'prometheus',
      'DaemonSet/metallb-speaker spec.template.metadata.annotations': {
        'prometheus.io/scrape': 'true',
        'prometheus.io/scheme': 'https',
        'prometheus.io/port': '7472',
      },
    },
  },
  {
    what: 'monitors by pod',
    values: { prometheus: { rbacPrometheus: false, podMonitor: { enabled: true, additionalLabels: { release: 'p' } } } },
    shows: {
      'PodMonitor/metallb-speaker spec.podMetricsEndpoints.0.authorization.credentials.name': 'metallb-metrics-token',
      'PodMonitor/metallb-controller metadata.labels.release': 'p',
      'RoleBinding/metallb-prometheus kind': undefined,
    },
  },
  {
    what: 'everything of the controller',
    values: {
      controller: {
        replicas: 1,
        podDisruptionBudget: { enabled: false },
        logLevel: 'debug',
        command: '/bin/mine',
        image: { repository: 'registry.example.com/typemetal', tag: 'v9', pullPolicy: 'Always' },
        strategy: { type: 'Recreate' },
        securityContext: { runAsUser: 1000, fsGroup: 1000 },
        resources: { limits: { memory: '300Mi' } },
        nodeSelector: { a: 'b' },
        tolerations: [{ operator: 'Exists' }],
        priorityClassName: 'system-cluster-critical',
        runtimeClassName: 'r',
        affinity: { nodeAffinity: {} },
        podAnnotations: { c: 'd' },
        labels: { e: 'f' },
        livenessProbe: { port: 17000, failureThreshold: 9 },
        readinessProbe: { enabled: false },
        extraContainers: [{ name: 'other', image: 'other' }],
        leaderElection: { leaseDurationSeconds: 60, renewDeadlineSeconds: 40 },
      },
    },
    shows: {
      'Deployment/metallb-controller spec.strategy': { type: 'Recreate' },
      'PodDisruptionBudget/metallb-controller kind': undefined,
      'Deployment/metallb-controller spec.template.metadata.annotations': { c: 'd' },
      'Deployment/metallb-controller spec.template.metadata.labels.e': 'f',
      [`${CONTROLLER}.containers.0.image`]: 'registry.example.com/typemetal:v9',
      [`${CONTROLLER}.containers.0.command`]: ['/bin/mine'],
      [`${CONTROLLER}.containers.0.args`]: {
        holds: ['--log-level=debug', '--health-probe-port=17000', '--leader-elect-lease-duration=60s', '--leader-elect-renew-deadline=40s'],
      },
      [`${CONTROLLER}.containers.0.livenessProbe.failureThreshold`]: 9,
      [`${CONTROLLER}.containers.0.readinessProbe`]: undefined,
      [`${CONTROLLER}.containers.1.name`]: 'other',
      [`${CONTROLLER}.affinity`]: { nodeAffinity: {} },
      [`${CONTROLLER}.nodeSelector`]: { 'kubernetes.io/os': 'linux', a: 'b' },
    },
  },
  {
    what: 'everything of the speaker',
    values: {
      speaker: {
        tolerateMaster: false,
        tolerations: [{ key: 'a', operator: 'Exists' }],
        memberlist: { mlSecretKeyPath: '/etc/key', mlBindPort: 7000, mlBindAddrOverride: '10.0.0.1' },
        excludeInterfaces: { enabled: false },
        ignoreExcludeLB: true,
        bgpDebounceTimeout: 1,
        wanConfig: true,
        secretName: 'key',
        updateStrategy: { type: 'OnDelete' },
        priorityClassName: 'system-node-critical',
        nodeSelector: { a: 'b' },
      },
    },
    shows: {
      [`${SPEAKER}.tolerations`]: [{ key: 'a', operator: 'Exists' }],
      [`${SPEAKER}.containers.0.args`]: { holds: ['--ignore-exclude-lb'] },
      [`${SPEAKER}.containers.0.env.3`]: { name: 'METALLB_ML_SECRET_KEY_PATH', value: '/etc/key' },
      [`${SPEAKER}.volumes.0.secret.secretName`]: 'key',
      [`${CONTROLLER}.containers.0.env.3.value`]: 'key',
      'ConfigMap/metallb-excludel2 kind': undefined,
      'DaemonSet/metallb-speaker spec.updateStrategy': { type: 'OnDelete' },
    },
  },
  {
    what: 'routers that connect to the nodes',
    values: { speaker: { bgpListenPort: 179 } },
    shows: {
      [`${SPEAKER}.containers.0.args`]: { holds: ['--bgp-listen-port=179'] },
      [`${SPEAKER}.containers.0.ports.2`]: { name: 'bgp', containerPort: 179, hostPort: 179 },
      [`${SPEAKER}.containers.0.securityContext.capabilities.add`]: ['NET_RAW', 'NET_BIND_SERVICE'],
    },
  },
  {
    what: 'routers that connect to a port that everybody may open',
    values: { speaker: { bgpListenPort: 1790 } },
    shows: {
      [`${SPEAKER}.containers.0.args`]: { holds: ['--bgp-listen-port=1790'] },
      [`${SPEAKER}.containers.0.securityContext.capabilities.add`]: ['NET_RAW'],
    },
  },
  {
    what: 'other times than usual',
    values: {
      speaker: {
        bgpDrain: 60,
        helloInterval: 250,
        idleHelloInterval: 2000,
        speakerGrace: 0,
        restartGrace: 86_400,
        kubeProxyHealth: '[::1]:10256',
      },
    },
    shows: {
      [`${SPEAKER}.containers.0.args`]: {
        holds: [
          ...['--bgp-drain=60', '--hello-interval=250', '--idle-hello-interval=2000', '--speaker-grace=0', '--restart-grace=86400'],
          '--kube-proxy-health=[::1]:10256',
        ],
      },
      [`${SPEAKER}.terminationGracePeriodSeconds`]: 65,
    },
  },
  {
    what: 'no drain, no hellos, no kube-proxy',
    values: { speaker: { bgpDrain: 0, helloInterval: 0, kubeProxyHealth: 0, terminationGracePeriodSeconds: 1 } },
    shows: {
      [`${SPEAKER}.containers.0.args`]: { holds: ['--bgp-drain=0', '--hello-interval=0', '--kube-proxy-health=0'] },
      [`${SPEAKER}.terminationGracePeriodSeconds`]: 1,
    },
  },
  {
    what: 'no memberlist, and BGP as MetalLB has it by FRR',
    values: { speaker: { memberlist: { enabled: false }, frr: { enabled: true, image: { tag: '10.5.3' } } }, frrk8s: { enabled: false } },
    shows: {
      [`${SPEAKER}.containers.1`]: undefined,
      [`${SPEAKER}.volumes.0.name`]: 'excludel2',
      [`${CONTROLLER}.containers.0.env.3`]: undefined,
    },
  },
  {
    what: 'the controller alone, though frr-k8s would want a speaker',
    values: { speaker: { enabled: false }, frrk8s: { enabled: true }, 'frr-k8s': { prometheus: { serviceMonitor: { enabled: false } } } },
    shows: {
      'DaemonSet/metallb-speaker kind': undefined,
      'ServiceAccount/metallb-speaker kind': undefined,
      'Role/metallb-speaker kind': undefined,
    },
  },
  {
    what: 'frr-k8s from elsewhere, though it would be installed too',
    values: { speaker: { frr: { enabled: false } }, frrk8s: { enabled: true, external: true, namespace: 'frr-k8s-system' } },
    shows: { [`${SPEAKER}.containers.1`]: undefined },
  },
  {
    what: 'a range of addresses',
    values: { iprange: ' 10.0.0.1-10.0.0.9, 10.1.0.0/24 ,fc00::/120,fc00::1-fc00::ff' },
    shows: {
      'IPAddressPool/metallb spec.addresses': ['10.0.0.1-10.0.0.9', '10.1.0.0/24', 'fc00::/120', 'fc00::1-fc00::ff'],
      'L2Advertisement/metallb spec.ipAddressPools': ['metallb'],
    },
  },
];
