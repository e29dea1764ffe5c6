// For tests: somebody is logged in.
import type { Session, Token, TokenRole } from "./api/types";
import { become } from "./session";

/** A token in force with nothing special about it. */
export function aToken(change: Partial<Token> = {}): Token {
  return {
    id: "0123456789ab",
    name: "ann",
    role: "viewer",
    clusters: [],
    created_at: "2026-11-01T00:00:00.000Z",
    created_by: "bootstrap",
    expires_at: null,
    revoked_at: null,
    revoked_by: null,
    last_used_at: null,
    last_used_from: null,
    ...change,
  };
}

export function logInAs(
  role: TokenRole,
  { csrf = null, ...change }: Partial<Token> & { csrf?: Session["csrf"] } = {},
): Session {
  const session = { token: aToken({ role, ...change }), csrf };
  become({ state: "in", session });
  return session;
}
