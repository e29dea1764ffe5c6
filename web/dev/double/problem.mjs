/** An answer that is no success, as RFC 9457 has it. */
export class Problem extends Error {
  constructor(status, code, detail, more = {}) {
    super(detail);
    this.body = {
      type: `urn:lictor:problem:${code.toLowerCase()}`,
      title: code.replaceAll("_", " ").toLowerCase(),
      status,
      detail,
      code,
      errors: [],
      findings: [],
      conflict: null,
      leader: null,
      ...more,
    };
  }
}
