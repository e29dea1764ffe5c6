//! Versions of the configuration, what they changed, and what a change did.

use lictor_wire::v1;
use serde_json::Value;
use thiserror::Error;

use crate::time::At;
use crate::{all, revision};

words! {
    /// What happens to an item.
    ConfigEdit from ConfigEdit {
        /// It is new.
        Added = "added",
        /// It is gone.
        Removed = "removed",
        /// Some of its fields are different.
        Changed = "changed",
    }
}

shown! {
    /// A version of the configuration, without what it says.
    pub struct ConfigVersion {
        /// Its number.
        pub version: u64,
        /// When it was made.
        pub at: Option<At>,
        /// Who made it.
        pub author: String,
        /// What made it, as the audit log calls it, such as `config.apply`.
        pub action: String,
        /// Why; null where nobody said.
        pub reason: Option<String>,
    }

    /// A version of the configuration.
    pub struct Config {
        /// Which.
        pub version: ConfigVersion,
        /// What it says, as the document's JSON schema has it.
        pub document: Value,
        /// The same as YAML, as `lictor config export` writes it.
        pub yaml: String,
    }

    /// An item that differs.
    pub struct ConfigChange {
        /// What kind of item: `cluster`, `keyspace`, `hostgroup` or `query_rule`.
        pub kind: String,
        /// Which of them: its name or its number.
        pub key: String,
        /// What happens to it.
        pub edit: ConfigEdit,
        /// The fields that differ; all of an item that is new or gone.
        pub fields: Vec<ConfigField>,
        /// The change as a sentence.
        pub sentence: String,
        /// Of a keyspace that changes: the keys that live elsewhere afterwards.
        pub moves: Vec<KeyMove>,
        /// Why any key of a keyspace may move; null where `moves` says which.
        pub redivided: Option<String>,
    }

    /// A field before and after.
    pub struct ConfigField {
        /// Its path within the item.
        pub field: String,
        /// Before; null where it was not there.
        pub from: Option<Value>,
        /// After; null where it is not there.
        pub to: Option<Value>,
    }

    /// Keys of a keyspace that live elsewhere afterwards.
    pub struct KeyMove {
        /// Which keys, for people.
        pub keys: String,
        /// Of a million keys so many, rounded down; null where that is not known.
        pub per_million: Option<u32>,
        /// Where they live before; null when no shard owns them.
        pub from: Option<ShardPlace>,
        /// Where they live afterwards; null when no shard owns them.
        pub to: Option<ShardPlace>,
        /// Whether their rows are to be copied to another cluster.
        pub changes_cluster: bool,
        /// All of it as a sentence.
        pub sentence: String,
    }

    /// Where a key lives.
    pub struct ShardPlace {
        /// Its shard's name.
        pub shard: String,
        /// The cluster of that shard.
        pub cluster: String,
    }

    /// A version, and what it changed in the one before.
    pub struct ConfigStep {
        /// The version.
        pub version: ConfigVersion,
        /// What it changed; everything in the first.
        pub changes: Vec<ConfigChange>,
    }

    /// What leads from a version to something else.
    pub struct ConfigDiff {
        /// The version that was compared with.
        pub from: u64,
        /// What changes, in order of kind and key.
        pub changes: Vec<ConfigChange>,
    }

    /// What a change of the configuration did, or would.
    pub struct ConfigOutcome {
        /// The newest version before.
        pub base: u64,
        /// The version that was made; null when nothing was changed.
        pub made: Option<ConfigVersion>,
        /// What changed, or would change.
        pub changes: Vec<ConfigChange>,
        /// The routing table's revision after; null when nothing was changed.
        pub revision: Option<String>,
        /// How many are subscribed to the routing table at this instance.
        pub subscribers: u32,
        /// How many of them had acknowledged it within a second.
        pub acked: u32,
    }

    /// What came between the version that a change was made from and now.
    pub struct ConfigConflict {
        /// The version that the change was made from.
        pub base: u64,
        /// The newest version.
        pub head: u64,
        /// The versions since the base, the newest first; at most 20.
        pub between: Vec<ConfigStep>,
    }
}

impl From<v1::ConfigVersion> for ConfigVersion {
    fn from(version: v1::ConfigVersion) -> Self {
        Self {
            version: version.version,
            at: At::read(version.at.as_ref()),
            author: version.author,
            action: version.action,
            reason: version.reason,
        }
    }
}

/// A stored document that cannot be read.
#[derive(Debug, Error)]
#[error("version {version} cannot be read")]
pub struct NotYaml {
    version: u64,
    source: serde_norway::Error,
}

impl TryFrom<v1::GetConfigResponse> for Config {
    type Error = NotYaml;

    fn try_from(response: v1::GetConfigResponse) -> Result<Self, NotYaml> {
        let version = ConfigVersion::from(response.version.unwrap_or_default());
        let document = serde_norway::from_str(&response.yaml).map_err(|source| NotYaml {
            version: version.version,
            source,
        })?;
        Ok(Self {
            version,
            document,
            yaml: response.yaml,
        })
    }
}

impl From<v1::ConfigChange> for ConfigChange {
    fn from(change: v1::ConfigChange) -> Self {
        Self {
            edit: ConfigEdit::read(change.edit),
            kind: change.kind,
            key: change.key,
            fields: all(change.fields),
            sentence: change.sentence,
            moves: all(change.moves),
            redivided: change.redivided,
        }
    }
}

impl From<v1::ConfigFieldChange> for ConfigField {
    fn from(field: v1::ConfigFieldChange) -> Self {
        // What is no JSON is shown as it came.
        let value = |json: String| serde_json::from_str(&json).unwrap_or(Value::String(json));
        Self {
            field: field.field,
            from: field.from.map(value),
            to: field.to.map(value),
        }
    }
}

impl From<v1::KeyMove> for KeyMove {
    fn from(step: v1::KeyMove) -> Self {
        Self {
            keys: step.keys,
            per_million: step.per_million,
            from: step.from.map(Into::into),
            to: step.to.map(Into::into),
            changes_cluster: step.changes_cluster,
            sentence: step.sentence,
        }
    }
}

impl From<v1::ShardPlace> for ShardPlace {
    fn from(place: v1::ShardPlace) -> Self {
        Self {
            shard: place.shard,
            cluster: place.cluster,
        }
    }
}

impl From<v1::ConfigStep> for ConfigStep {
    fn from(step: v1::ConfigStep) -> Self {
        Self {
            version: step.version.unwrap_or_default().into(),
            changes: all(step.changes),
        }
    }
}

impl From<v1::DiffConfigResponse> for ConfigDiff {
    fn from(response: v1::DiffConfigResponse) -> Self {
        Self {
            from: response.from,
            changes: all(response.changes),
        }
    }
}

impl From<v1::ConfigOutcome> for ConfigOutcome {
    fn from(outcome: v1::ConfigOutcome) -> Self {
        Self {
            base: outcome.base,
            made: outcome.made.map(Into::into),
            changes: all(outcome.changes),
            revision: outcome.revision.as_ref().map(revision),
            subscribers: outcome.subscribers,
            acked: outcome.acked,
        }
    }
}

impl From<v1::ConfigConflict> for ConfigConflict {
    fn from(conflict: v1::ConfigConflict) -> Self {
        Self {
            base: conflict.base,
            head: conflict.head,
            between: all(conflict.between),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_shown_as_json_and_as_it_was_written() {
        let shown = |yaml: &str| {
            Config::try_from(v1::GetConfigResponse {
                version: None,
                yaml: yaml.to_owned(),
            })
        };
        let config = shown("# version: 3\nkeyspaces:\n- name: shop\n").unwrap();
        assert_eq!(config.document["keyspaces"][0]["name"], "shop");
        assert!(config.yaml.starts_with("# version: 3"));
        assert!(shown("{").is_err());
    }

    #[test]
    fn a_field_is_the_value_that_its_json_says() {
        let field = ConfigField::from(v1::ConfigFieldChange {
            field: "weight".to_owned(),
            from: Some("[1]".to_owned()),
            to: Some("no json".to_owned()),
        });
        assert_eq!(field.from, Some(serde_json::json!([1])));
        assert_eq!(field.to, Some(serde_json::json!("no json")));
    }
}
