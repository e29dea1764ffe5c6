//! A refused request: a status that a person can read and a program can take
//! apart.

use prost::{Message, Name};
use prost_types::Any;
use tonic::{Code, Status};

use crate::v1::{Finding, Objections};

/// The status that refuses a request for these reasons: its message is `intro`
/// and a line for each objection, its details are [`Objections`].
#[must_use]
pub fn refusal(intro: &str, objections: Vec<Finding>) -> Status {
    let lines: String = objections.iter().map(line).collect();
    let message = format!("{intro}{lines}");
    let detail = Any {
        type_url: Objections::type_url(),
        value: Objections { objections }.encode_to_vec(),
    };
    let details = tonic_types::Status {
        code: Code::FailedPrecondition.into(),
        message: message.clone(),
        details: vec![detail],
    };
    Status::with_details(
        Code::FailedPrecondition,
        message,
        details.encode_to_vec().into(),
    )
}

fn line(finding: &Finding) -> String {
    let mut line = String::from("\n- ");
    if let Some(node) = &finding.node {
        line.push_str(node);
        line.push_str(": ");
    }
    line.push_str(&finding.sentence);
    if !finding.remedy.is_empty() {
        line.push_str(" Remedy: ");
        line.push_str(&finding.remedy);
    }
    line
}

/// The objections a status carries; none when it was made for another reason.
#[must_use]
pub fn objections(status: &Status) -> Vec<Finding> {
    tonic_types::Status::decode(status.details())
        .into_iter()
        .flat_map(|status| status.details)
        .filter(|detail| detail.type_url == Objections::type_url())
        .filter_map(|detail| Objections::decode(detail.value.as_slice()).ok())
        .flat_map(|detail| detail.objections)
        .collect()
}
