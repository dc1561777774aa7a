#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// The command bgp-parser: words and standard input in, text and an exit code out. All that it does is in cli/.
import { once } from 'node:events';
import { carryOut, isPassedOver, type Outcome } from './cli/carry-out.ts';
import { LineCutter, LONGEST_LINE } from './cli/line-cutter.ts';
import { type Order, parseOrder, USAGE } from './cli/order.ts';

// Who reads what is printed may have seen enough: head(1) has.
process.stdout.on('error', () => process.exit());

/** Prints what came of one message; the worst exit code of all stays. */
async function tell({ printed, complaint, exitCode }: Outcome, where = ''): Promise<void> {
  process.exitCode = Math.max(Number(process.exitCode ?? 0), exitCode);
  if (complaint !== undefined) process.stderr.write(`bgp-parser: ${where}${complaint}\n`);
  if (printed !== undefined && !process.stdout.write(`${printed}\n`)) await once(process.stdout, 'drain');
}

async function tellLines(order: Order): Promise<void> {
  const cutter = new LineCutter();
  let number = 0;
  const take = async (line: string): Promise<void> => {
    number++;
    if (!isPassedOver(line)) await tell(carryOut(order, line), `line ${number}: `);
  };
  for await (const piece of process.stdin.setEncoding('utf8')) {
    const lines = cutter.push(String(piece));
    if (lines === undefined)
      return await tell({
        exitCode: 2,
        complaint: `line ${number + 1} is longer than ${LONGEST_LINE} characters: give one message a line`,
      });
    for (const line of lines) await take(line);
  }
  await take(cutter.rest);
}

const order = parseOrder(process.argv.slice(2));
if (!order.ok) await tell({ exitCode: 2, complaint: `${order.error}: see bgp-parser --help` });
else if (order.value === 'help') process.stdout.write(USAGE);
else if (order.value.input === '-') await tellLines(order.value);
else await tell(carryOut(order.value, order.value.input));
