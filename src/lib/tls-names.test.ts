import { createSecureContext } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { CIPHER_SUITES, GROUP_NUMBERS, tlsSettingsOf } from './tls-names.ts';

const NONE = { tlsMinVersion: '', tlsCipherSuites: [], tlsCurvePreferences: [] } as const;

describe('tlsSettingsOf', () => {
  test.each<{ options: Parameters<typeof tlsSettingsOf>[0]; settings: object }>([
    { options: NONE, settings: { minVersion: 'TLSv1.3' } },
    { options: { ...NONE, tlsMinVersion: 'VersionTLS13' }, settings: { minVersion: 'TLSv1.3' } },
    {
      options: {
        tlsMinVersion: 'VersionTLS12',
        tlsCipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_256_CBC_SHA'],
        tlsCurvePreferences: ['29', '4588'],
      },
      settings: { minVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA', ecdhCurve: 'X25519:X25519MLKEM768' },
    },
  ])('$options: $settings', ({ options, settings }) => {
    expect(tlsSettingsOf(options)).toEqual(settings);
  });
});

/** The words that a pattern of alternatives takes. */
const wordsOf = ({ source }: RegExp): readonly string[] => source.slice('^(?:'.length, -')$'.length).split('|');

test.each(wordsOf(CIPHER_SUITES.pattern))('OpenSSL knows the suite %s', (suite) => {
  const settings = tlsSettingsOf({ ...NONE, tlsMinVersion: 'VersionTLS12', tlsCipherSuites: [suite] });
  expect(settings.ciphers).not.toBe(suite);
  expect(() => createSecureContext(settings)).not.toThrow();
});

test.each(wordsOf(GROUP_NUMBERS.pattern))('OpenSSL knows the group %s', (group) => {
  const settings = tlsSettingsOf({ ...NONE, tlsCurvePreferences: [group] });
  expect(settings.ecdhCurve).not.toBe(group);
  expect(() => createSecureContext(settings)).not.toThrow();
});

test.each([
  { pattern: CIPHER_SUITES.pattern, word: 'TLS_AES_128_GCM_SHA256' },
  { pattern: CIPHER_SUITES.pattern, word: 'AES128-SHA' },
  { pattern: GROUP_NUMBERS.pattern, word: '22' },
  { pattern: GROUP_NUMBERS.pattern, word: '290' },
])('$word is not taken by $pattern', ({ pattern, word }) => {
  expect(pattern.test(word)).toBe(false);
});
