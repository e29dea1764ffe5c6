//! The first token of a control plane: without it nobody could make any.
//!
//! The first leader makes it, where Postgres holds no token at all, not even one
//! that was revoked.

use std::path::Path;
use std::{fs, io};

use lictor_domain::access::Role;
use lictor_domain::{Actor, Scope, Term, Token, TokenName};
use lictor_store::StoreError;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::key::write_secret;
use super::tokens::entry;
use super::{secret, tokens};
use crate::app::App;
use crate::clock;

const NAME: &str = "bootstrap";

/// Why there is no first token yet.
#[derive(Debug, Error)]
pub(super) enum BootstrapError {
    /// The file for it cannot be read or made.
    #[error("access.bootstrap_token_file cannot be read or made")]
    File(#[from] io::Error),
    /// The file holds no token.
    #[error(
        "access.bootstrap_token_file holds no token; \
         remove it, and lictord writes the one that it makes there"
    )]
    NoToken,
    /// Postgres did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the first token, where there is none. It is told once, after it is certain.
pub(super) async fn begin(app: &App, term: Term) -> Result<(), BootstrapError> {
    let file = app.settings.access.bootstrap_token_file.as_deref();
    let text = match file {
        Some(path) => in_file(path)?,
        None => secret::new().1,
    };
    let id = secret::id(text.expose_secret()).ok_or(BootstrapError::NoToken)?;
    let token = Token {
        id,
        name: name(),
        role: Role::Admin,
        scope: Scope::All,
        created_at: clock::now().wall,
        created_by: Actor::lictor().name,
        expires_at: None,
        revoked: None,
        last_use: None,
    };
    let why = "there was no token yet".to_owned();
    let entry = entry(
        Actor::lictor(),
        "token.create",
        NAME,
        why,
        tokens::made(&token),
    );
    let hash = secret::hash_of(&text);
    let made = app.store.token_begin(term, &token, &hash, &entry).await?;
    match (made, file) {
        (true, Some(path)) => {
            tracing::info!(path = %path.display(), "the first token, of the role admin, is in the file");
        }
        (true, None) => tell(&text),
        (false, _) => {}
    }
    Ok(())
}

fn name() -> TokenName {
    // It is a name.
    NAME.parse().unwrap_or_else(|_| unreachable!())
}

/// The text that the file holds; where there is no file, a new one that is put there.
fn in_file(path: &Path) -> Result<SecretString, BootstrapError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned().into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (_, text) = secret::new();
            write_secret(path, text.expose_secret())?;
            Ok(text)
        }
        Err(error) => Err(error.into()),
    }
}

/// Not by the log: that is kept, and read by many.
fn tell(text: &SecretString) {
    eprintln!(
        "\nThe first token, of the role admin; it is shown this once:\n\n  {}\n\n\
         Make one for each user with it (`lictor token create --help`), then revoke it.\n",
        text.expose_secret()
    );
}
