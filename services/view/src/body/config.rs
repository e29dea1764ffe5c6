//! What is asked of the configuration, and of its query rules.

use lictor_wire::{WireError, v1};
use serde_json::{Map, Value};

bodies! {
    /// A version, or a document, to compare a version with: exactly one of
    /// `version`, `document` and `yaml`.
    pub struct ConfigDiffFields {
        /// The version that is compared with; the newest when it is not said.
        #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
        pub from: Option<u64>,
        /// The number of a version.
        #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
        pub version: Option<u64>,
        /// A document, as its JSON schema has it.
        #[schema(value_type = Option<Object>)]
        pub document: Option<Map<String, Value>>,
        /// A document as YAML.
        pub yaml: Option<String>,
    }

    /// A document that is to be the configuration: exactly one of `document` and
    /// `yaml`. If-Match names the version it was made from.
    pub struct ConfigApplyFields {
        /// The document, as its JSON schema has it.
        #[schema(value_type = Option<Object>)]
        pub document: Option<Map<String, Value>>,
        /// The document as YAML.
        pub yaml: Option<String>,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
        /// Only say what would change.
        #[serde(default)]
        pub dry_run: bool,
    }

    /// A version that is to be the configuration again. If-Match names the newest.
    pub struct ConfigRollbackRequest {
        /// Its number.
        #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
        pub to: u64,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
        /// Only say what would change.
        #[serde(default)]
        pub dry_run: bool,
    }

    /// A statement to try the query rules on.
    pub struct RuleTestRequest {
        /// The statement.
        pub sql: String,
        /// The user who sends it; nobody by name when it is not said.
        pub username: Option<String>,
        /// The default schema it is sent in; none when it is not said.
        pub schemaname: Option<String>,
        /// A document whose rules to try, as its JSON schema has it; those in force
        /// when it is not said.
        #[schema(value_type = Option<Object>)]
        pub document: Option<Map<String, Value>>,
    }
}

alternatives! {
    /// A version, or a document, to compare a version with.
    pub struct ConfigDiffRequest(ConfigDiffFields): OneOfBuilder [
        ("version", Integer),
        ("document", Object),
        ("yaml", String),
    ];

    /// A document that is to be the configuration. If-Match names the version it was
    /// made from.
    pub struct ConfigApplyRequest(ConfigApplyFields): OneOfBuilder [
        ("document", Object),
        ("yaml", String),
    ];
}

impl ConfigDiffRequest {
    /// As the service is asked; an error names the field that is missing, or is one
    /// too many.
    pub fn message(self) -> Result<v1::DiffConfigRequest, WireError> {
        use v1::diff_config_request::To;
        let Self(fields) = self;
        let to = match (fields.version, fields.document, fields.yaml) {
            (Some(version), None, None) => To::Version(version),
            (None, document, yaml) => To::Document(text(document, yaml)?),
            (Some(_), _, _) => {
                let why = "it does not go with `document` or `yaml`";
                return Err(WireError::invalid("version", why));
            }
        };
        Ok(v1::DiffConfigRequest {
            from: fields.from,
            to: Some(to),
        })
    }
}

impl ConfigApplyRequest {
    /// As the service is asked, made from that version; an error names the field
    /// that is missing, or is one too many.
    pub fn message(self, base: u64) -> Result<v1::ApplyConfigRequest, WireError> {
        let Self(fields) = self;
        Ok(v1::ApplyConfigRequest {
            base,
            document: Some(text(fields.document, fields.yaml)?),
            reason: fields.reason,
            dry_run: fields.dry_run,
        })
    }
}

impl ConfigRollbackRequest {
    /// As the service is asked, where that version is the newest.
    #[must_use]
    pub fn message(self, base: u64) -> v1::RollbackConfigRequest {
        v1::RollbackConfigRequest {
            to: self.to,
            base,
            reason: self.reason,
            dry_run: self.dry_run,
        }
    }
}

impl RuleTestRequest {
    /// As the service is asked.
    #[must_use]
    pub fn message(self) -> v1::TestRuleRequest {
        v1::TestRuleRequest {
            sql: self.sql,
            username: self.username.unwrap_or_default(),
            schemaname: self.schemaname.unwrap_or_default(),
            document: self.document.map(json),
        }
    }
}

/// The document that one of the two says.
fn text(
    document: Option<Map<String, Value>>,
    yaml: Option<String>,
) -> Result<v1::ConfigDocument, WireError> {
    match (document, yaml) {
        (Some(document), None) => Ok(json(document)),
        (None, Some(yaml)) => Ok(named(yaml)),
        (None, None) => Err(WireError::missing("document")),
        (Some(_), Some(_)) => {
            let why = "it does not go with `document`";
            Err(WireError::invalid("yaml", why))
        }
    }
}

/// JSON is YAML.
fn json(document: Map<String, Value>) -> v1::ConfigDocument {
    named(Value::Object(document).to_string())
}

fn named(yaml: String) -> v1::ConfigDocument {
    v1::ConfigDocument {
        name: String::new(),
        yaml,
    }
}
