/** Orders texts by their code units: the same on every machine and in every locale. For `Array.sort`. */
export function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
