import { isCode, isTest, lineAt, type SourceFile } from './source-file.ts';

/** Something that is not written here, and what is written instead. */
interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Paths that may: the ones that make the real thing for the others. */
  readonly except: RegExp;
}

/** Composition roots, and programs for contributors, which end when they are done. */
const ROOTS = /^(?:src\/program\/|(?:src|packages)\/.+\/main\.ts$|hack\/|bench\/|test\/)|\.test\.ts$/;
/** Nobody. */
const NOBODY = /^$/;

const BANS: readonly Ban[] = [
  { pattern: /\bprocess\.exit\(/g, instead: 'return, and let main set process.exitCode', except: ROOTS },
  { pattern: /\bprocess\.(?:argv|env|on|once|stdout|stderr|stdin)\b/g, instead: 'take it as a value from main', except: ROOTS },
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\.hrtime\b/g,
    instead: 'take a Clock (src/lib/clock.ts)',
    except: ROOTS,
  },
  { pattern: /\b(?:setTimeout|setInterval)\(/g, instead: 'take a Clock (src/lib/clock.ts), and dispose of its timer', except: ROOTS },
  {
    pattern: /\bMath\.random\b|\brandomBytes\(|\brandomUUID\(/g,
    instead: 'take random as a value, so that a test can repeat it',
    except: ROOTS,
  },
  {
    pattern: /\bconsole\./g,
    instead: 'take a Logger (src/telemetry/logger.ts); a program for contributors writes to process.stdout',
    except: NOBODY,
  },
  { pattern: /\bcatch(?: \([^)]*\))? \{\s*\}/g, instead: 'say in the log or in the result what was lost', except: NOBODY },
  { pattern: /\beval\(|\bnew Function\(|\brequire\(/g, instead: 'import it', except: NOBODY },
  { pattern: /\b(?:execSync|spawnSync|execFileSync)\(/g, instead: 'nothing: the product starts no programs', except: ROOTS },
  { pattern: /\b(?:test|it|describe)\.(?:only|failing)\b/g, instead: 'run one test with -t on the command line', except: NOBODY },
];

/** Comments that switch a tool off; written in pieces, so that this file is no example. */
const SUPPRESSION = new RegExp(['biome-' + 'ignore', '@ts-' + '(?:ignore|expect-error|nocheck)', 'istanbul ' + 'ignore'].join('|'), 'g');

/** Calls and comments that are not written here, each with what to write instead. */
export function checkBanned(files: readonly SourceFile[]): readonly string[] {
  return files.filter((file) => isCode(file.path)).flatMap((file) => [...calls(file), ...suppressions(file)]);
}

function calls(file: SourceFile): readonly string[] {
  return BANS.filter((ban) => !ban.except.test(file.path)).flatMap((ban) =>
    [...file.code.matchAll(ban.pattern)]
      // A catch that says why nothing is to be done is not empty.
      .filter((match) => file.text.startsWith(match[0], match.index))
      .map((match) => `${file.path}:${lineAt(file, match.index)}: ${match[0].replace(/\s+/g, ' ')}: ${ban.instead}`),
  );
}

function suppressions(file: SourceFile): readonly string[] {
  if (isTest(file.path) && file.path.startsWith('test/tidy/')) return [];
  return [...file.text.matchAll(SUPPRESSION)].map((match) => `${file.path}:${lineAt(file, match.index)}: ${match[0]}: mend the cause`);
}
