/**
 * Suites that a list of TLS 1.2 may name, by the names of IANA as Go takes them, to OpenSSL's. TLS 1.3 has suites of its own,
 * which nobody chooses.
 */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
};

/** The numbers of IANA's registry of supported groups, to OpenSSL's names. */
const GROUPS: Readonly<Record<string, string>> = {
  '23': 'P-256',
  '24': 'P-384',
  '25': 'P-521',
  '29': 'X25519',
  '4587': 'SecP256r1MLKEM768',
  '4588': 'X25519MLKEM768',
  '4589': 'SecP384r1MLKEM1024',
};

/** What `--tls-cipher-suites` takes. */
export const CIPHER_SUITES: { readonly pattern: RegExp; readonly allowed: string } = {
  pattern: oneOf(Object.keys(SUITES)),
  allowed: `names of TLS 1.2 cipher suites with commas between, such as ${Object.keys(SUITES)[0]}`,
};

/** What `--tls-curve-preferences` takes. */
export const GROUP_NUMBERS: { readonly pattern: RegExp; readonly allowed: string } = {
  pattern: oneOf(Object.keys(GROUPS)),
  allowed: `numbers of TLS groups with commas between, of ${Object.keys(GROUPS).join(', ')}`,
};

/** What a TLS server is told, in OpenSSL's words. Absent is what Node does by itself. */
export interface TlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  readonly ecdhCurve?: string;
}

/** The settings that the flags mean; names and numbers have been read by the patterns above. */
export function tlsSettingsOf(options: {
  readonly tlsMinVersion: '' | 'VersionTLS12' | 'VersionTLS13';
  readonly tlsCipherSuites: readonly string[];
  readonly tlsCurvePreferences: readonly string[];
}): TlsSettings {
  const ciphers = options.tlsCipherSuites.map((suite) => SUITES[suite] ?? suite).join(':');
  const ecdhCurve = options.tlsCurvePreferences.map((group) => GROUPS[group] ?? group).join(':');
  return {
    minVersion: options.tlsMinVersion === 'VersionTLS12' ? 'TLSv1.2' : 'TLSv1.3',
    ...(ciphers === '' ? {} : { ciphers }),
    ...(ecdhCurve === '' ? {} : { ecdhCurve }),
  };
}

function oneOf(words: readonly string[]): RegExp {
  return new RegExp(`^(?:${words.join('|')})$`);
}
