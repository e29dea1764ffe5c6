//! Changes of the configuration, what is wrong with a document, and what came
//! between two changes. They only go to the wire.

use domain::keyspace::{Fraction, Keys, Move, Place, Preview};
use lictor_domain as domain;
use prost::{Message, Name};
use prost_types::Any;
use tonic::{Code, Status};

use crate::v1;

impl From<&domain::config::Change> for v1::ConfigChange {
    fn from(change: &domain::config::Change) -> Self {
        use domain::config::{Edit, Item};
        let (kind, key) = match &change.item {
            Item::Cluster(name) => ("cluster", name.to_string()),
            Item::Keyspace(name) => ("keyspace", name.to_string()),
            Item::Hostgroup(id) => ("hostgroup", id.to_string()),
            Item::QueryRule(id) => ("query_rule", id.to_string()),
        };
        let (edit, fields) = match &change.edit {
            Edit::Added { fields } => (v1::ConfigEdit::Added, fields),
            Edit::Removed { fields } => (v1::ConfigEdit::Removed, fields),
            Edit::Changed { fields } => (v1::ConfigEdit::Changed, fields),
        };
        let fields = fields.iter().map(|it| v1::ConfigFieldChange {
            field: it.field.clone(),
            from: it.from.as_ref().map(ToString::to_string),
            to: it.to.as_ref().map(ToString::to_string),
        });
        Self {
            kind: kind.to_owned(),
            key,
            edit: edit.into(),
            fields: fields.collect(),
            sentence: change.to_string(),
            moves: vec![],
            redivided: None,
        }
    }
}

impl v1::ConfigChange {
    /// The same, with what it moves.
    #[must_use]
    pub fn moving(mut self, preview: &Preview) -> Self {
        match preview {
            Preview::Moves(moves) => self.moves = moves.iter().map(Into::into).collect(),
            Preview::Redivided(why) => self.redivided = Some(why.to_string()),
        }
        self
    }
}

impl From<&Move> for v1::KeyMove {
    fn from(step: &Move) -> Self {
        let per_million = match step.keys {
            Keys::Part(Fraction { part, whole }) => {
                u32::try_from(part * 1_000_000 / whole.max(1)).ok()
            }
            _ => None,
        };
        Self {
            keys: step.keys.to_string(),
            per_million,
            from: step.from.as_ref().map(Into::into),
            to: step.to.as_ref().map(Into::into),
            changes_cluster: step.changes_cluster(),
            sentence: step.to_string(),
        }
    }
}

impl From<&Place> for v1::ShardPlace {
    fn from(place: &Place) -> Self {
        Self {
            shard: place.shard.to_string(),
            cluster: place.cluster.to_string(),
        }
    }
}

/// The status that refuses a document for all that is wrong with it: its message
/// has a line for each, its details are the [`v1::ConfigFaults`].
#[must_use]
pub fn refused_document(faults: &v1::ConfigFaults) -> Status {
    let lines = faults
        .faults
        .iter()
        .map(|fault| line(&faults.document, fault));
    let lines: Vec<_> = lines.collect();
    with_detail(Code::InvalidArgument, lines.join("\n"), faults)
}

fn line(document: &str, fault: &v1::ConfigFault) -> String {
    let numbers = [fault.line, fault.column].into_iter().flatten();
    let numbers = numbers.map(|number| format!(":{number}"));
    let texts = [&fault.field, &fault.sentence].into_iter();
    let texts = texts.filter(|text| !text.is_empty());
    let texts = texts.map(|text| format!(": {text}"));
    let parts = std::iter::once(document.to_owned()).chain(numbers);
    parts.chain(texts).collect()
}

/// The status that refuses a change because others came first: its message tells
/// them, its details are the [`v1::ConfigConflict`].
#[must_use]
pub fn moved_configuration(conflict: &v1::ConfigConflict) -> Status {
    let v1::ConfigConflict {
        base,
        head,
        between,
    } = conflict;
    let steps = between.iter().map(step).collect::<String>();
    let message = format!(
        "the configuration is at version {head} by now, and this was made from version {base}; \
         since then came:{steps}"
    );
    with_detail(Code::Aborted, message, conflict)
}

fn step(step: &v1::ConfigStep) -> String {
    let version = step.version.clone().unwrap_or_default();
    let reason = version
        .reason
        .map_or_else(String::new, |why| format!(", {why:?}"));
    let changes: Vec<_> = step.changes.iter().map(|it| it.sentence.as_str()).collect();
    format!(
        "\n- version {} by {} ({}{reason}): {}",
        version.version,
        version.author,
        version.action,
        changes.join("; ")
    )
}

fn with_detail<M: Message + Name>(code: Code, message: String, detail: &M) -> Status {
    let detail = Any {
        type_url: M::type_url(),
        value: detail.encode_to_vec(),
    };
    let details = tonic_types::Status {
        code: code.into(),
        message: message.clone(),
        details: vec![detail],
    };
    Status::with_details(code, message, details.encode_to_vec().into())
}

/// The typed detail of a refusal, if it carries one of this kind, such as
/// [`v1::ConfigFaults`] or [`v1::ConfigConflict`].
#[must_use]
pub fn detail<M: Message + Name + Default>(status: &Status) -> Option<M> {
    let details = tonic_types::Status::decode(status.details()).ok()?.details;
    let detail = details
        .into_iter()
        .find(|it| it.type_url == M::type_url())?;
    M::decode(detail.value.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_a_line_with_its_place_and_reads_back() {
        let fault = |field: &str, line, column| v1::ConfigFault {
            field: field.to_owned(),
            sentence: "it is wrong".to_owned(),
            line,
            column,
        };
        let faults = v1::ConfigFaults {
            document: "shop.yaml".to_owned(),
            faults: vec![
                fault("hostgroups[0].id", Some(3), Some(9)),
                fault("", None, None),
            ],
        };
        let status = refused_document(&faults);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(
            status.message(),
            "shop.yaml:3:9: hostgroups[0].id: it is wrong\nshop.yaml: it is wrong"
        );
        assert_eq!(detail(&status), Some(faults));
        assert_eq!(detail::<v1::ConfigConflict>(&status), None);
    }

    #[test]
    fn a_change_of_a_keyspace_says_which_share_of_the_keys_moves() {
        let place = |shard: &str, cluster: &str| Place {
            shard: shard.parse().unwrap(),
            cluster: cluster.parse().unwrap(),
        };
        let step = Move {
            keys: Keys::Part(Fraction { part: 1, whole: 4 }),
            from: Some(place("s0", "orders")),
            to: Some(place("s2", "users")),
        };
        let preview = Preview::Moves(vec![step]);
        let change = v1::ConfigChange::default().moving(&preview);
        let step = &change.moves[0];
        assert_eq!(step.per_million, Some(250_000));
        assert!(step.changes_cluster);
        assert_eq!(
            step.sentence,
            "25% of the keys: from `s0` on orders to `s2` on users"
        );
    }

    #[test]
    fn a_conflict_tells_who_changed_what_and_why() {
        let conflict = v1::ConfigConflict {
            base: 1,
            head: 2,
            between: vec![v1::ConfigStep {
                version: Some(v1::ConfigVersion {
                    version: 2,
                    at: None,
                    author: "ada".to_owned(),
                    action: "cluster.set".to_owned(),
                    reason: Some("a new disk".to_owned()),
                }),
                changes: vec![v1::ConfigChange {
                    sentence: "cluster orders: policy.mode auto → manual".to_owned(),
                    ..v1::ConfigChange::default()
                }],
            }],
        };
        let status = moved_configuration(&conflict);
        assert_eq!(status.code(), Code::Aborted);
        assert_eq!(
            status.message(),
            "the configuration is at version 2 by now, and this was made from version 1; \
             since then came:\n\
             - version 2 by ada (cluster.set, \"a new disk\"): cluster orders: policy.mode \
             auto → manual"
        );
        assert_eq!(detail(&status), Some(conflict));
    }
}
