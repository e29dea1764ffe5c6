//! Secrets: from the environment, or from a file of their own.

use std::path::Path;

use secrecy::SecretString;
use serde::{Serialize, Serializer};

use super::error::SettingsError;

/// Shown in the place of every secret.
const MASK: &str = "***";

/// A secret in the shown settings.
#[expect(
    clippy::ref_option,
    reason = "serde calls it with a reference to the field"
)]
pub(super) fn masked<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| MASK).serialize(serializer)
}

/// The secret of `key`, said itself or in the file of `key_file`.
pub(super) fn one_of(
    key: &'static str,
    value: Option<SecretString>,
    file: Option<&Path>,
) -> Result<SecretString, SettingsError> {
    optional(key, value, file)?.ok_or_else(|| {
        SettingsError::wrong(
            key,
            format!("set it by {}, or set `{key}_file`", variable(key)),
        )
    })
}

/// The same, where there need not be a secret.
pub(super) fn optional(
    key: &'static str,
    value: Option<SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SettingsError> {
    match (value, file) {
        (Some(_), Some(_)) => Err(SettingsError::wrong(
            key,
            format!("`{key}` and `{key}_file` are both set; keep one"),
        )),
        (value, None) => Ok(value),
        (None, Some(path)) => read(key, path).map(Some),
    }
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("LICTOR_{}", key.to_ascii_uppercase().replace('.', "__"))
}

fn read(key: &'static str, path: &Path) -> Result<SecretString, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::SecretFile {
        key: format!("{key}_file"),
        path: path.to_owned(),
        source,
    })?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        let why = format!("file {} is empty", path.display());
        return Err(SettingsError::wrong(key, why));
    }
    Ok(secret.into())
}
