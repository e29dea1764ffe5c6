// Why an edit cannot be made: a code that the catalogue has a sentence for, and what it names.

export interface Refusal {
  code:
    | "no_keyspace"
    | "keyspace_taken"
    | "no_shard"
    | "shard_taken"
    | "bad_cut"
    | "outside"
    | "itself"
    | "not_neighbours"
    | "already_there"
    | "changed_since"
    | "gone"
    | "unread"
    | "id_taken";
  /** What the sentence names. */
  named: Record<string, string>;
}

/** What comes of something that may be refused. */
export type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export function made<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refused(code: Refusal["code"], named: Record<string, string> = {}): Result<never> {
  return { ok: false, refusal: { code, named } };
}
