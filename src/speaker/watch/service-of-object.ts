/** Something that belongs to a Service and names it, as `namespace/name`. */
export interface BelongsToService {
  readonly service: string;
}

/**
 * Which Service each object belonged to when it was last seen: the end of an object, or its move, is then told to the
 * Service it had.
 */
export class ServiceOfObject {
  readonly #services = new Map<string, string>();

  /** The Services to look at again now that the object `key` looks like `now`; `undefined` when it is gone. */
  changed(key: string, now: BelongsToService | undefined): readonly string[] {
    const before = this.#services.get(key);
    if (now === undefined) this.#services.delete(key);
    else this.#services.set(key, now.service);
    return [...new Set([before, now?.service])].filter((service) => service !== undefined);
  }
}
