declare const brand: unique symbol;

/** A `Base` that must not be mixed with another `Base` of a different meaning; costs nothing at run time. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
