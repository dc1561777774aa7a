/**
 * A whole number of 32 bits.
 *
 * @asType integer
 * @format int32
 */
export type Int32 = number;

/**
 * A whole number of 64 bits; what lies beyond 2^53 loses its last digits in this program.
 *
 * @asType integer
 * @format int64
 */
export type Int64 = number;

/**
 * A whole number without a stated width.
 *
 * @asType integer
 */
export type Integer = number;

/** A span of time as Go writes it: numbers with a unit each, such as `90s`, `1m30s` or `500ms`. */
export type Duration = string;

/** An object without a field. */
export type Empty = Readonly<Record<string, never>>;

/** What each object of a custom kind has; `ApiVersion` and `Kind` are the literal texts that the object carries. */
export interface CustomResource<ApiVersion extends string, Kind extends string> {
  /** Group and version of the schema that this object follows. */
  readonly apiVersion?: ApiVersion;
  /** Kind of this object. */
  readonly kind?: Kind;
  /** Name, namespace, labels and what else every object has. */
  readonly metadata: ObjectMeta;
}

/** The part of an object that is the same for all kinds: the fields that this program reads or writes. */
export interface ObjectMeta {
  /** Name, unique within the namespace and kind. */
  readonly name: string;
  /** Namespace of the object; absent on kinds that have none. */
  readonly namespace?: string;
  /** Prefix from which the server makes a name when none is given. */
  readonly generateName?: string;
  /** Identity of this very object; another object of the same name has another one. */
  readonly uid?: string;
  /** Version of the stored object: opaque, only good for comparing and for conditional writes. */
  readonly resourceVersion?: string;
  /** Number of the desired state; grows with each change of the spec. */
  readonly generation?: number;
  /** When the server created the object, RFC 3339. */
  readonly creationTimestamp?: string;
  /** When the deletion was asked for, RFC 3339; absent while nobody did. */
  readonly deletionTimestamp?: string;
  /** Labels, which selectors match. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations, which selectors do not match. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Objects whose deletion deletes this one. */
  readonly ownerReferences?: readonly OwnerReference[];
  /** Names that must be gone before the object is. */
  readonly finalizers?: readonly string[];
}

/** An object that owns another one. */
export interface OwnerReference {
  /** Group and version of the owner. */
  readonly apiVersion: string;
  /** Kind of the owner. */
  readonly kind: string;
  /** Name of the owner. */
  readonly name: string;
  /** Identity of the owner. */
  readonly uid: string;
  /** Whether the owner is the controller that manages this object. */
  readonly controller?: boolean;
  /** Whether the owner waits for this object when it is deleted in the foreground. */
  readonly blockOwnerDeletion?: boolean;
}

/**
 * Selects objects by their labels; all its requirements must hold. An empty selector selects every object.
 *
 * @mapType atomic
 */
export interface LabelSelector {
  /** Labels that an object must carry with exactly these values. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /**
   * Requirements on labels, all of which must hold.
   *
   * @listType atomic
   */
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

/** A requirement on one label. */
export interface LabelSelectorRequirement {
  /** Label that the requirement is about. */
  readonly key: string;
  /** How the label relates to the values: In, NotIn, Exists or DoesNotExist. */
  readonly operator: string;
  /**
   * Values to compare with; none for Exists and DoesNotExist, at least one for In and NotIn.
   *
   * @listType atomic
   */
  readonly values?: readonly string[];
}

/** What was found out about one aspect of an object, and since when. */
export interface Condition {
  /**
   * Aspect that the condition is about, in CamelCase or as `domain/CamelCase`.
   *
   * @maxLength 316
   * @pattern ^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$
   */
  readonly type: string;
  /** Whether the condition holds. */
  readonly status: 'True' | 'False' | 'Unknown';
  /**
   * Generation of the object that the condition was found on.
   *
   * @minimum 0
   */
  readonly observedGeneration?: Int64;
  /**
   * When the status last changed, RFC 3339.
   *
   * @format date-time
   */
  readonly lastTransitionTime: string;
  /**
   * Cause of the last change, one word for programs.
   *
   * @minLength 1
   * @maxLength 1024
   * @pattern ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$
   */
  readonly reason: string;
  /**
   * Cause of the last change, for people; may be empty.
   *
   * @maxLength 32768
   */
  readonly message: string;
}

/** What tools that wait for objects look for in a report that the product makes of itself. */
export interface ReportStatus {
  /**
   * Generation of the object that this report is of.
   *
   * @minimum 0
   */
  readonly observedGeneration?: Int64;
  /**
   * The condition Ready: a report holds from the moment in which it is written.
   *
   * @listType map
   * @listMapKeys ["type"]
   */
  readonly conditions?: readonly Condition[];
}

/** What the controller found out about a configuration object. */
export interface ConfigurationStatus {
  /**
   * Generation of the object that this status was found on.
   *
   * @minimum 0
   */
  readonly observedGeneration?: Int64;
  /**
   * Whether the object is in use, and if not, why: the condition Ready, with the reason Reconciled or ConfigurationError.
   *
   * @listType map
   * @listMapKeys ["type"]
   */
  readonly conditions?: readonly Condition[];
}
