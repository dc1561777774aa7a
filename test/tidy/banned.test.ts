import { describe, expect, test } from '@jest/globals';
import { checkBanned } from './banned.ts';
import { sourceFile } from './source-file.ts';

describe('checkBanned', () => {
  test.each<{ path: string; text: string; said: string }>([
    { path: 'src/lib/a.ts', text: 'process.exit(1);', said: 'process.exit(: return, and let main set process.exitCode' },
    { path: 'src/speaker/shell/a.ts', text: 'f(process.env.HOME);', said: 'process.env: take it as a value from main' },
    { path: 'src/speaker/net/a.ts', text: 'const now = Date.now();', said: 'Date.now(: take a Clock' },
    { path: 'src/model/a.ts', text: 'const now = new Date();', said: 'new Date(): take a Clock' },
    { path: 'src/kubernetes/a.ts', text: 'setTimeout(f, 1);', said: 'setTimeout(: take a Clock' },
    { path: 'src/kubernetes/a.ts', text: 'f(Math.random);', said: 'Math.random: take random as a value' },
    { path: 'test/support/a.ts', text: 'console.log(a);', said: 'console.: take a Logger' },
    { path: 'hack/a.ts', text: 'try {\n  f();\n} catch {}\n', said: 'catch {}: say' },
    { path: 'src/lib/a.ts', text: 'try {\n  f();\n} catch (error) {\n}\n', said: 'catch (error) { }: say' },
    { path: 'hack/a.js', text: "const a = require('b');", said: 'require(: import it' },
    { path: 'src/operators/a.ts', text: "execFileSync('ip');", said: 'execFileSync(: nothing' },
    { path: 'src/lib/a.test.ts', text: "test.only('a', () => f());", said: 'test.only: run one test with -t' },
    { path: 'src/lib/a.ts', text: `a; // ${'biome-'}ignore lint: so`, said: `${'biome-'}ignore: mend the cause` },
    { path: 'src/lib/a.test.ts', text: `// ${'@ts-'}expect-error so`, said: `${'@ts-'}expect-error: mend the cause` },
  ])('$path: $text', ({ path, text, said }) => {
    expect(checkBanned([sourceFile(path, `${text}\n`)])).toEqual([expect.stringContaining(said)]);
  });

  test.each<{ path: string; text: string }>([
    { path: 'src/operators/main.ts', text: 'process.exitCode = f(process.argv);' },
    { path: 'packages/a/src/main.ts', text: 'f(process.argv);' },
    { path: 'src/speaker/shell/main.ts', text: 'f(process.env);' },
    { path: 'src/program/clock.ts', text: 'setTimeout(f, Date.now());' },
    { path: 'hack/a.ts', text: 'process.exit(1);' },
    { path: 'src/lib/a.ts', text: "f('Date.now()'); // Date.now() is not called\n" },
    { path: 'src/lib/a.ts', text: 'const noon = new Date(0);' },
    { path: 'src/kubernetes/a.ts', text: 'try {\n  f();\n} catch {\n  // The socket is gone, which is what was wanted.\n}\n' },
    { path: 'docs/a.md', text: 'process.exit(1)' },
  ])('$path may: $text', ({ path, text }) => expect(checkBanned([sourceFile(path, text)])).toEqual([]));
});
