/** A time of the wall clock as API objects have it: RFC 3339, in seconds. */
export function rfc3339(wallMilliseconds: number): string {
  return new Date(wallMilliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
