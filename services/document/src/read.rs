//! Reads a document.

use lictor_domain::config::Draft;
use serde::Deserialize;
use serde_norway::{Deserializer, Mapping, Value};

use crate::error::{DocumentError, Position};
use crate::locate::locate;

/// No document is larger, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// The parser takes in the whole text before it looks how deep it is, and the
/// deeper the slower. No document is near this, also where some of the brackets
/// stand in texts.
const MAX_BRACKETS: usize = 1000;

/// Reads a document; `name` is what errors call it, such as its file's name.
///
/// # Errors
/// Anything that is not wholly understood: too large or too deep, empty, not
/// YAML, a key that is there twice, an unknown field, a value that is not
/// allowed.
pub fn read(text: &str, name: &str) -> Result<Draft, DocumentError> {
    if text.len() > MAX_BYTES {
        return Err(DocumentError::TooLarge {
            document: name.to_owned(),
            found: text.len(),
            max: MAX_BYTES,
        });
    }
    if deepest(text) > MAX_BRACKETS {
        return Err(DocumentError::Syntax {
            document: name.to_owned(),
            at: None,
            why: format!("more than {MAX_BRACKETS} `[` and `{{` stand open in each other"),
        });
    }
    says_something_once(text, name)?;
    serde_path_to_error::deserialize(Deserializer::from_str(text)).map_err(|error| {
        let field = error.path().to_string();
        let error = error.into_inner();
        let (document, why) = (name.to_owned(), bare(&error, &field));
        let at = locate(text, &field).or_else(|| position(&error));
        if field == "." {
            return DocumentError::Syntax { document, at, why };
        }
        DocumentError::Field {
            document,
            at,
            field,
            why,
        }
    })
}

fn deepest(text: &str) -> usize {
    let mut open: usize = 0;
    let depths = text.bytes().map(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open
    });
    depths.max().unwrap_or(0)
}

/// One YAML document that has something in it, nothing in it twice, and no field
/// left empty.
fn says_something_once(text: &str, name: &str) -> Result<(), DocumentError> {
    let document = name.to_owned();
    let mut documents = Deserializer::from_str(text);
    let first = documents.next().map(Value::deserialize);
    let value = match first {
        None | Some(Ok(Value::Null)) => return Err(DocumentError::Empty { document }),
        Some(Err(error)) => {
            return Err(DocumentError::Syntax {
                document,
                at: position(&error),
                why: bare(&error, ""),
            });
        }
        Some(Ok(value)) => value,
    };
    if value.as_mapping().is_some_and(Mapping::is_empty) {
        return Err(DocumentError::Empty { document });
    }
    if documents.next().is_some() {
        return Err(DocumentError::Several { document });
    }
    match amiss(&value, String::new()) {
        None => Ok(()),
        Some((field, why)) => Err(DocumentError::Field {
            document,
            at: locate(text, &field),
            why: why.to_owned(),
            field,
        }),
    }
}

/// The path of the first value that the parser would make something of that
/// nobody wrote, and why. What is left empty it would take for an empty list or
/// map: but a list commented out is no wish to have none.
fn amiss(value: &Value, path: String) -> Option<(String, &'static str)> {
    match value {
        Value::Null => Some((
            path,
            "nothing is there; write `[]` or `{}` for a list or a map without anything, or leave \
             the field out",
        )),
        Value::Tagged(_) => Some((path, "it has a YAML tag; write the value without one")),
        Value::Sequence(list) => {
            let mut items = list.iter().enumerate();
            items.find_map(|(at, item)| amiss(item, format!("{path}[{at}]")))
        }
        Value::Mapping(map) => map.iter().find_map(|(key, value)| match key.as_str() {
            Some(key) if key.contains('\0') => Some((path.clone(), "a key holds a NUL")),
            Some(key) if path.is_empty() => amiss(value, key.to_owned()),
            Some(key) => amiss(value, format!("{path}.{key}")),
            None => Some((path.clone(), "a key is no text; put it in quotes")),
        }),
        // Nothing that keeps documents keeps one.
        Value::String(text) if text.contains('\0') => Some((path, "it holds a NUL")),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn position(error: &serde_norway::Error) -> Option<Position> {
    error.location().map(|at| Position {
        line: at.line(),
        column: at.column(),
    })
}

/// What is expected, in words instead of names of types.
const WORDS: [(&str, &str); 3] = [
    (
        "expected u32",
        "expected a whole number from 0 to 4294967295",
    ),
    ("expected u64", "expected a whole number, not negative"),
    (
        "expected struct Draft",
        "expected a map of the kinds of items",
    ),
];

/// What an error says, without the place and the path that the parser adds.
fn bare(error: &serde_norway::Error, field: &str) -> String {
    let said = error.to_string();
    let place = error.location().map_or_else(String::new, |at| {
        format!(" at line {} column {}", at.line(), at.column())
    });
    let said = WORDS
        .iter()
        .fold(said.replacen(&place, "", 1), |said, (types, words)| {
            said.replace(types, words)
        });
    let outer = said.split_once(": ");
    match outer {
        Some((path, why)) if field.starts_with(path) => why.to_owned(),
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        read(text, "lictor.yaml").unwrap_err().to_string()
    }

    #[test]
    fn what_says_nothing_is_no_empty_configuration() {
        for text in [
            "",
            "\n",
            "# nothing\n",
            "---\n",
            "null",
            "~\n",
            "{}",
            "---\n...\n",
        ] {
            assert!(
                told(text).starts_with("lictor.yaml: it is empty; "),
                "{text:?}: {}",
                told(text)
            );
        }
        assert_eq!(read("clusters: {}", "x"), Ok(Draft::default()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_its_field_and_what_is_allowed() {
        let group = "hostgroups:\n- id: 1\n  name: a\n  kind: reader\n";
        for (text, error) in [
            (
                "clusters:\n  orders:\n    policy: { mode: automatic }\n".to_owned(),
                "lictor.yaml:3:21: clusters.orders.policy.mode: unknown variant `automatic`, \
                 expected one of `observe`, `manual`, `auto`",
            ),
            (
                "clusters:\n  orders:\n    polcy: {}\n".to_owned(),
                "lictor.yaml:3:12: clusters.orders.polcy: unknown field `polcy`, expected \
                 `policy` or `nodes`",
            ),
            (
                format!("{group}  cluster: orders\n"),
                "lictor.yaml:2:3: hostgroups[0]: hostgroup 1: `role` is missing; give either \
                 `cluster` and `role`, or `servers`, to say what fills it",
            ),
            (
                "clusters: { Orders: {} }".to_owned(),
                "lictor.yaml:1:21: clusters.Orders: cluster name `Orders` is no DNS label: `O` at \
                 character 1; use a-z, 0-9 and inner hyphens, starting with a letter",
            ),
            (
                "hostgroups:\n- id: -1\n".to_owned(),
                "lictor.yaml:2:7: hostgroups[0].id: invalid type: integer `-1`, expected a whole \
                 number from 0 to 4294967295",
            ),
            (
                "clusters:\n  orders: {}\n  orders: {}\n".to_owned(),
                "lictor.yaml:2:3: clusters: duplicate entry with key \"orders\"",
            ),
            (
                "clusters: {}\nhostgroups:\n".to_owned(),
                "lictor.yaml:2:12: hostgroups: nothing is there; write `[]` or `{}` for a list or \
                 a map without anything, or leave the field out",
            ),
            (
                "clusters: { orders: !x {} }".to_owned(),
                "lictor.yaml:1:21: clusters.orders: it has a YAML tag; write the value without one",
            ),
            (
                "clusters: { 1: {} }".to_owned(),
                "lictor.yaml:1:11: clusters: a key is no text; put it in quotes",
            ),
            (
                "query_rules: [ { comment: \"a\\0b\" } ]".to_owned(),
                "lictor.yaml:1:27: query_rules[0].comment: it holds a NUL",
            ),
            (
                "clusters: { \"a\\0\": {} }".to_owned(),
                "lictor.yaml:1:11: clusters: a key holds a NUL",
            ),
            (
                "- a\n".to_owned(),
                "lictor.yaml:1:1: invalid type: sequence, expected a map of the kinds of items",
            ),
            (
                "clusters: [\n".to_owned(),
                "lictor.yaml:2:1: did not find expected node content, while parsing a flow node",
            ),
            (
                "clusters: &a { b: *a }".to_owned(),
                "lictor.yaml:1:11: recursion limit exceeded",
            ),
            (
                "clusters: {}\n---\nclusters: {}\n".to_owned(),
                "lictor.yaml: it has more than one YAML document; write one, without `---` in \
                 between",
            ),
        ] {
            assert_eq!(told(&text), error);
        }
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let large = "#".repeat(MAX_BYTES + 1);
        assert_eq!(
            told(&large),
            "lictor.yaml: it has 4194305 bytes; 4194304 at most are allowed"
        );
        let deep = told(&"[".repeat(1000));
        assert_eq!(deep, "lictor.yaml:1:129: recursion limit exceeded");
        assert_eq!(
            told(&"{[".repeat(1_000_000)),
            "lictor.yaml: more than 1000 `[` and `{` stand open in each other"
        );
    }
}
