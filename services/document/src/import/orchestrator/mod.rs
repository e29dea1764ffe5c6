//! orchestrator: its configuration (`orchestrator.conf.json`), or instances as
//! its API lists them (`/api/cluster/NAME`, `/api/all-instances`); which of the
//! two it is, its shape tells.

mod policy;
#[cfg(test)]
mod tests;
mod topology;

use serde_json::Value;

use super::{Clusters, Import, bounded};
use crate::error::{DocumentError, Position};

/// A draft of a configuration or of instances. A configuration says how clusters
/// are kept, but not which there are: it is about those that are known.
///
/// # Errors
/// What is no JSON, neither of the two, or says what cannot be.
pub fn import(text: &str, name: &str, clusters: &Clusters) -> Result<Import, DocumentError> {
    bounded(text, name)?;
    let source = Source { name };
    let json: Value = serde_json::from_str(text).map_err(|error| DocumentError::Syntax {
        document: name.to_owned(),
        at: Some(Position {
            line: error.line().max(1),
            column: error.column().max(1),
        }),
        why: why(&error),
    })?;
    match &json {
        Value::Array(instances) => topology::import(instances, source),
        Value::Object(answer) if is_refusal(answer) => Err(source
            .whole("it is an answer of orchestrator's API that says that something went wrong")),
        Value::Object(settings) => policy::import(settings, source, clusters),
        _ => Err(source.whole(
            "it is neither a configuration of orchestrator, an object, nor a list of instances",
        )),
    }
}

fn is_refusal(answer: &serde_json::Map<String, Value>) -> bool {
    answer.get("Code").is_some_and(Value::is_string) && answer.contains_key("Message")
}

/// What the parser says, without the place that it adds.
fn why(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.rsplit_once(" at line ") {
        Some((why, _)) => why.to_owned(),
        None => said,
    }
}

/// The text that is read.
#[derive(Clone, Copy)]
struct Source<'a> {
    name: &'a str,
}

impl Source<'_> {
    fn whole(self, why: &str) -> DocumentError {
        DocumentError::Syntax {
            document: self.name.to_owned(),
            at: None,
            why: why.to_owned(),
        }
    }

    fn field(self, field: impl Into<String>, why: impl Into<String>) -> DocumentError {
        DocumentError::Field {
            document: self.name.to_owned(),
            at: None,
            field: field.into(),
            why: why.into(),
        }
    }
}
