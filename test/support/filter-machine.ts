import { BPF, type FilterInstruction, type PacketFilter } from '../../src/speaker/net/packet-filter.ts';

/** Classes of the kernel (`linux/if_packet.h`) that a frame can have when it comes in. */
export const PACKET_CLASS = { host: 0, broadcast: 1, multicast: 2, otherHost: 3 } as const;

const PACKET_TYPE = 0xffff_f004;
const LARGEST_OPERAND = 0xffff_ffff;

/** What the kernel does with classic BPF: runs `filter` on a frame of class `packetType` and returns the octets to keep. */
export function runFilter(filter: PacketFilter, frame: DataView, packetType: number): number {
  let loaded: number | undefined = 0;
  for (let at = 0; loaded !== undefined; at++) {
    const step = filter[at];
    // The kernel refuses such a program when it is attached: jumps only go forward, and the last instruction ends.
    if (step === undefined) throw new Error(`the filter runs over its end, to ${at}`);
    if (step.operand > LARGEST_OPERAND) throw new Error(`an operand has 32 bits, ${step.operand} has more`);
    if (step.code === BPF.accept) return step.operand;
    if (step.code === BPF.loadWord || step.code === BPF.loadHalf) loaded = load(step, frame, packetType);
    else at += distance(step, loaded);
  }
  return 0;
}

/** What a load finds; `undefined` beyond the end of the frame, which ends the program with nothing kept. */
function load(step: FilterInstruction, frame: DataView, packetType: number): number | undefined {
  if (step.operand === PACKET_TYPE) return packetType;
  const octets = step.code === BPF.loadWord ? 4 : 2;
  if (step.operand + octets > frame.byteLength) return undefined;
  return octets === 4 ? frame.getUint32(step.operand) : frame.getUint16(step.operand);
}

function distance(step: FilterInstruction, loaded: number): number {
  switch (step.code) {
    case BPF.jumpIfEqual:
      return near(loaded === step.operand ? step.ifTrue : step.ifFalse);
    case BPF.jumpIfAtLeast:
      return near(loaded >= step.operand ? step.ifTrue : step.ifFalse);
    case BPF.jump:
      return step.operand;
    default:
      throw new Error(`unknown operation ${step.code}`);
  }
}

function near(steps: number): number {
  if (steps < 0 || steps > 255) throw new Error(`a conditional jump cannot reach ${steps}`);
  return steps;
}
