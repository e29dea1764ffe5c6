//! How a caller shows its token: from where it is read, and with every call.
//!
//! A token is a secret: no `Debug` and no error here shows one.

use std::path::PathBuf;
use std::{env, fmt, fs, io};

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// The variable that has a token itself.
pub const TOKEN_VARIABLE: &str = "LICTOR_TOKEN";
const FILE_VARIABLE: &str = "LICTOR_TOKEN_FILE";
/// Every token begins so.
const PREFIX: &str = "lictor_";

/// Where a token is.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// Here.
    Text(SecretString),
    /// In this file, which is read anew for each connection.
    File(PathBuf),
}

/// Why a token cannot be shown.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("the token file {} cannot be read", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{place} holds no token: one is written lictor_ID_SECRET")]
    NoToken {
        /// What it was read from.
        place: String,
    },
}

impl TokenSource {
    /// In the file, where one is named; else in the variable `LICTOR_TOKEN`, where it
    /// is set.
    #[must_use]
    pub fn or_variable(file: Option<PathBuf>) -> Option<Self> {
        let text = || {
            env::var(TOKEN_VARIABLE)
                .ok()
                .filter(|text| !text.is_empty())
        };
        let file = file.filter(|file| !file.as_os_str().is_empty());
        file.map(Self::File)
            .or_else(|| text().map(|text| Self::Text(text.into())))
    }

    /// Where the variables `LICTOR_TOKEN_FILE` and `LICTOR_TOKEN` say.
    #[must_use]
    pub fn of_environment() -> Option<Self> {
        Self::or_variable(env::var_os(FILE_VARIABLE).map(Into::into))
    }

    /// The token, as it is shown.
    pub fn read(&self) -> Result<Bearer, TokenError> {
        match self {
            Self::Text(text) => bearer(text.expose_secret(), || "what was given".to_owned()),
            Self::File(file) => {
                let text = fs::read_to_string(file).map_err(|source| TokenError::Unreadable {
                    file: file.clone(),
                    source,
                })?;
                bearer(&text, || file.display().to_string())
            }
        }
    }
}

fn bearer(text: &str, place: impl Fn() -> String) -> Result<Bearer, TokenError> {
    let no_token = || TokenError::NoToken { place: place() };
    let text = text.trim();
    let rest = text.strip_prefix(PREFIX).ok_or_else(no_token)?;
    let fits = |byte: u8| byte.is_ascii_hexdigit() || byte == b'_';
    if rest.is_empty() || !rest.bytes().all(fits) {
        return Err(no_token());
    }
    let shown = format!("Bearer {text}");
    let mut shown: MetadataValue<Ascii> = shown.parse().map_err(|_| no_token())?;
    shown.set_sensitive(true);
    Ok(Bearer(Some(shown)))
}

/// Shows a token with every call, or none.
#[derive(Clone, Default)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    /// The token of that source; none without a source.
    pub fn of(source: Option<&TokenSource>) -> Result<Self, TokenError> {
        source.map_or_else(|| Ok(Self::default()), TokenSource::read)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.0.is_some() { "a token" } else { "none" };
        write!(f, "Bearer({shown})")
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(shown) = self.0.clone() {
            request.metadata_mut().insert("authorization", shown);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "lictor_0123456789ab_feed";

    fn shown(bearer: &Bearer) -> Request<()> {
        bearer.clone().call(Request::new(())).unwrap()
    }

    #[test]
    fn a_token_is_shown_with_every_call_and_in_no_debug() {
        let source = TokenSource::Text(format!("{TOKEN}\n").into());
        let bearer = Bearer::of(Some(&source)).unwrap();
        let request = shown(&bearer);
        let header = request.metadata().get("authorization").unwrap();
        assert_eq!(header, &format!("Bearer {TOKEN}"));
        let debug = format!("{source:?} {bearer:?} {request:?}");
        assert!(!debug.contains("feed"), "{debug}");
        let none = shown(&Bearer::of(None).unwrap());
        assert!(none.metadata().get("authorization").is_none());
    }

    #[test]
    fn a_file_is_read_anew_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let source = TokenSource::File(file.clone());
        let said = source.read().unwrap_err().to_string();
        let path = file.display();
        assert_eq!(said, format!("the token file {path} cannot be read"));
        for text in [TOKEN, "lictor_0123456789ab_beef"] {
            fs::write(&file, text).unwrap();
            let request = shown(&source.read().unwrap());
            let header = request.metadata().get("authorization").unwrap();
            assert_eq!(header, &format!("Bearer {text}"));
        }
    }

    #[test]
    fn what_is_no_token_is_not_shown_to_anybody() {
        for wrong in ["", "hunter2", "lictor_", "lictor_0a b", "lictor_0a\u{e9}"] {
            let said = TokenSource::Text(wrong.into()).read().unwrap_err();
            let expected = "what was given holds no token: one is written lictor_ID_SECRET";
            assert_eq!(said.to_string(), expected);
        }
    }
}
