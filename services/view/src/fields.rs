//! What tests say about the names of fields.

use std::collections::BTreeSet;

use serde::Serialize;

/// Asserts that the JSON of `value` has exactly these fields.
pub(crate) fn assert_fields(value: impl Serialize, expected: &str) {
    let json = serde_json::to_value(value).unwrap_or_default();
    let fields = json.as_object().into_iter().flat_map(|it| it.keys());
    let fields: BTreeSet<&str> = fields.map(String::as_str).collect();
    assert_eq!(fields, expected.split_whitespace().collect());
}
