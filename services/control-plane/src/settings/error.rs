//! What can be wrong with the settings. Values are quoted only where they are
//! no secrets.

use std::path::PathBuf;

use figment::error::{Actual, Kind};
use thiserror::Error;

/// Why lictord cannot start with these settings.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    /// The settings file cannot be read.
    #[error("settings file {path} cannot be read")]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The settings file is no TOML.
    #[error("settings file {path} is no TOML: {why}")]
    Syntax {
        /// Its path.
        path: PathBuf,
        /// Where and what.
        why: String,
    },
    /// A key that nobody knows.
    #[error("{origin}: unknown key `{key}`; allowed here: {allowed}")]
    UnknownKey {
        /// Where it was said.
        origin: String,
        /// The whole key.
        key: String,
        /// The keys that exist there.
        allowed: String,
    },
    /// A value of the wrong type, or that is none of a key's words.
    #[error("{origin}: `{key}` is not valid: {why}")]
    Value {
        /// Where it was said.
        origin: String,
        /// The whole key.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// A value that makes no sense, or is missing.
    #[error("setting `{key}` is not right: {why}")]
    Wrong {
        /// The whole key.
        key: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The settings cannot be shown as TOML: a defect.
    #[error("the settings cannot be shown")]
    Unshowable(#[from] toml::ser::Error),
    /// A secret's file cannot be read.
    #[error("setting `{key}`: file {path} cannot be read")]
    SecretFile {
        /// The whole key.
        key: String,
        /// The file's path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl SettingsError {
    pub(super) fn wrong(key: &'static str, why: impl Into<String>) -> Self {
        Self::Wrong {
            key,
            why: why.into(),
        }
    }
}

impl From<figment::Error> for SettingsError {
    fn from(error: figment::Error) -> Self {
        let origin = origin(&error);
        let key = |last: Option<&str>| {
            let path = error.path.iter().map(String::as_str);
            path.chain(last).collect::<Vec<_>>().join(".")
        };
        match &error.kind {
            Kind::UnknownField(name, allowed) => Self::UnknownKey {
                origin,
                // Some formats put the unknown key into the path as well.
                key: match error.path.last() {
                    Some(last) if last == name => key(None),
                    _ => key(Some(name)),
                },
                allowed: allowed.join(", "),
            },
            kind => Self::Value {
                origin,
                key: key(None),
                why: what_is_wrong(kind),
            },
        }
    }
}

fn origin(error: &figment::Error) -> String {
    let Some(metadata) = &error.metadata else {
        return "settings".to_owned();
    };
    match &metadata.source {
        Some(source) => source.to_string(),
        None => metadata.name.to_string(),
    }
}

/// A value of the wrong type may be a secret that was not put into quotes, so
/// only its type is told.
fn what_is_wrong(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(found, expected) => {
            format!("it is {}, and {expected} is needed", type_of(found))
        }
        Kind::UnknownVariant(found, allowed) => {
            format!("`{found}` is unknown; use one of: {}", allowed.join(", "))
        }
        other => other.to_string(),
    }
}

const fn type_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a section",
        _ => "of another type",
    }
}
