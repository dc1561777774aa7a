/** One conversation as it was heard: each message of the router, and what is needed to understand it. */
export interface Recording {
  /** The router and its version, as in `frr 8.4.4`. */
  readonly router: string;
  readonly scenario: string;
  readonly about: string;
  /** The OPEN that the recorder sent, in hexadecimal. With the router's own it says how the rest is written. */
  readonly open: string;
  /** What the router sent, in hexadecimal, in order. */
  readonly messages: readonly string[];
}

/** The text of a recording: comment lines that begin with `# `, then one message a line. */
export function formatRecording({ router, scenario, about, open, messages }: Recording): string {
  const head = [`router: ${router}`, `scenario: ${scenario}`, `about: ${about}`, `recorder's open: ${open}`];
  return `${[...head.map((line) => `# ${line}`), ...messages].join('\n')}\n`;
}
