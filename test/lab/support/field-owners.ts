/** An object with its book of who set which fields (ObjectMeta, managedFields). */
export interface OwnedObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly resourceVersion: string;
    readonly managedFields?: readonly {
      readonly manager: string;
      readonly subresource?: string;
      readonly fieldsV1?: Fields;
    }[];
  };
}

/** A tree of fields, each with a letter and a colon in front (FieldsV1). */
type Fields = { readonly [field: string]: Fields };

/** Paths of all fields that others than these managers set, by whatever subresource, but for those of the status; each with its kind and manager in front. */
export function fieldsOfOthers(objects: readonly OwnedObject[], managers: RegExp): readonly string[] {
  const found = objects.flatMap(({ kind, metadata }) =>
    (metadata.managedFields ?? [])
      .filter(({ manager }) => !managers.test(manager))
      .flatMap(({ manager, fieldsV1 = {} }) =>
        pathsIn(fieldsV1)
          .filter((path) => !path.startsWith('status'))
          .map((path) => `${kind} ${manager} ${path}`),
      ),
  );
  return [...new Set(found)].sort((left, right) => (left < right ? -1 : 1));
}

/** The leaves, with dots between; of a member of a list only that it is one. */
function pathsIn(fields: Fields, before = ''): readonly string[] {
  return Object.entries(fields).flatMap(([field, below]) => {
    if (field === '.') return [];
    const path = `${before}${before === '' ? '' : '.'}${field.startsWith('f:') ? field.slice(2) : '[]'}`;
    return Object.keys(below).filter((name) => name !== '.').length === 0 ? [path] : pathsIn(below, path);
  });
}
