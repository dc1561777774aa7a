/**
 * What was last seen of objects, to tell a change that matters from one that does not: of a status that nobody here reads,
 * or an object that came again with a list.
 */
export class KnownForms<Form> {
  readonly #texts = new Map<string, string>();

  /** Takes an object as it is now, `undefined` when it is gone. Says whether that is another form than before. */
  changed(key: string, form: Form | undefined): boolean {
    const text = form === undefined ? undefined : JSON.stringify(form, membersOfSets);
    if (text === this.#texts.get(key)) return false;
    if (text === undefined) this.#texts.delete(key);
    else this.#texts.set(key, text);
    return true;
  }
}

function membersOfSets(_key: string, value: unknown): unknown {
  return value instanceof Set ? [...value] : value;
}
