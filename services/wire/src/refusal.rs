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

/// The node is not said twice.
fn line(finding: &Finding) -> String {
    let mut line = String::from("\n- ");
    if let Some(node) = &finding.node
        && !finding.sentence.contains(node)
    {
        line.push_str(node);
        line.push_str(": ");
    }
    line.push_str(finding.sentence.trim_end_matches('.'));
    if !finding.remedy.is_empty() {
        line.push_str(". Remedy: ");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Finding {
                code: "Objection".to_owned(),
                node: Some("127.0.0.2:3306".to_owned()),
                sentence: "127.0.0.2:3306 has gtid_mode off".to_owned(),
                remedy: "SET PERSIST gtid_mode = ON".to_owned(),
            },
            Finding {
                code: "Objection".to_owned(),
                node: None,
                sentence: "there is no replica".to_owned(),
                remedy: String::new(),
            },
        ]
    }

    #[test]
    fn a_refusal_reads_as_a_list_of_what_to_do() {
        assert_eq!(
            refusal("orders cannot be added:", findings()).message(),
            "orders cannot be added:\n\
             - 127.0.0.2:3306 has gtid_mode off. Remedy: SET PERSIST gtid_mode = ON\n\
             - there is no replica"
        );
    }

    #[test]
    fn its_objections_read_back_as_made() {
        let status = refusal("orders cannot be added:", findings());
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(objections(&status), findings());
    }

    #[test]
    fn another_status_carries_none() {
        assert_eq!(objections(&Status::internal("no")), vec![]);
        let garbage = Status::with_details(Code::Internal, "no", vec![0xff; 9].into());
        assert_eq!(objections(&garbage), vec![]);
    }
}
