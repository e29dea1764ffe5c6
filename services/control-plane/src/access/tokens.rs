//! Making tokens and revoking them: stored with their audit entry by the leader,
//! then told to every instance.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::access::{Outcome, Role};
use lictor_domain::{Actor, Scope, Token, TokenId, TokenName};
use lictor_store::{AuditEntry, StoreError};
use lictor_wire::v1;
use secrecy::SecretString;
use thiserror::Error;

use super::secret;
use crate::app::App;
use crate::leadership::NotLeading;
use crate::{audit, clock, members};

/// The other instances have heard of it within this, or are named.
const HEARD: Duration = Duration::from_secs(1);

/// A token that somebody wants.
#[derive(Debug)]
pub(crate) struct Wish {
    /// Its name.
    pub(crate) name: TokenName,
    /// What it is for.
    pub(crate) role: Role,
    /// Which clusters it is to be good for.
    pub(crate) scope: Scope,
    /// When it ends by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Who asks.
    pub(crate) actor: Actor,
    /// Why.
    pub(crate) reason: String,
}

/// Why nothing was done with a token.
#[derive(Debug, Error)]
pub(crate) enum TokenError {
    /// Ask the leader.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// There is no such token, its name is taken, or Postgres did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token that was revoked.
#[derive(Debug)]
pub(crate) struct Revoked {
    /// It.
    pub(crate) token: Token,
    /// Instances that have not heard of it yet.
    pub(crate) unheard: Vec<String>,
}

/// Makes a token. A refusal is in the audit log as well.
pub(crate) async fn create(app: &App, wish: Wish) -> Result<(Token, SecretString), TokenError> {
    let term = app.standing.lead()?.term();
    let (id, text) = secret::new();
    let token = Token {
        id,
        created_by: wish.actor.name.clone(),
        name: wish.name,
        role: wish.role,
        scope: wish.scope,
        created_at: clock::now().wall,
        expires_at: wish.expires_at,
        revoked: None,
        last_use: None,
    };
    let name = token.name.as_str();
    let entry = entry(wish.actor, "token.create", name, wish.reason, made(&token));
    let hash = secret::hash_of(&text);
    let added = app.store.token_add(term, &token, &hash, &entry).await;
    if let Err(error) = added {
        audit::write(app, term, &refused(entry, &error)).await;
        return Err(error.into());
    }
    tell(app).await;
    Ok((token, text))
}

/// Revokes a token. A refusal is in the audit log as well.
pub(crate) async fn revoke(
    app: &App,
    id: &TokenId,
    actor: Actor,
    reason: String,
) -> Result<Revoked, TokenError> {
    let term = app.standing.lead()?.term();
    let by = actor.name.clone();
    let entry = entry(
        actor,
        "token.revoke",
        id.as_str(),
        reason,
        "revoked".to_owned(),
    );
    match app.store.token_revoke(term, id, &by, &entry).await {
        Ok(token) => Ok(Revoked {
            token,
            unheard: tell(app).await,
        }),
        Err(error) => {
            audit::write(app, term, &refused(entry, &error)).await;
            Err(error.into())
        }
    }
}

/// Every token, those in force first, in order of name.
pub(crate) async fn list(app: &App) -> Result<Vec<Token>, StoreError> {
    let stored = app.store.token_list().await?;
    let mut tokens: Vec<_> = stored.into_iter().map(|stored| stored.token).collect();
    let now = clock::now().wall;
    tokens.sort_by(|a, b| {
        let order = |token: &Token| (!token.is_good_at(now), token.name.clone());
        order(a).cmp(&order(b))
    });
    Ok(tokens)
}

/// Makes every instance read the tokens; those that did not say that they have.
async fn tell(app: &App) -> Vec<String> {
    let own = async {
        let read = app.access.keyring.read(&app.store, clock::now().wall).await;
        read.err().map(|_| app.instance.clone())
    };
    let others = async {
        let question = |mut client: members::Client| async move {
            client.read_tokens(v1::ReadTokensRequest {}).await
        };
        let (members, _) = members::look(app).await;
        let answers = members::ask(app, members, HEARD, question).await;
        let unheard = answers.into_iter().filter(|(_, answer)| answer.is_err());
        unheard
            .map(|(member, _)| member.instance)
            .collect::<Vec<_>>()
    };
    let (own, mut unheard) = tokio::join!(own, others);
    unheard.extend(own);
    unheard
}

/// How the audit log tells of a new token.
pub(super) fn made(token: &Token) -> String {
    let clusters: Vec<_> = token.scope.clusters().map(ToString::to_string).collect();
    let scope = if clusters.is_empty() {
        "every cluster".to_owned()
    } else {
        clusters.join(", ")
    };
    let ends = token.expires_at.map(|end| format!(", until {end}"));
    let ends = ends.unwrap_or_default();
    format!("{} made: {} of {scope}{ends}", token.id, token.role)
}

pub(super) fn entry(
    actor: Actor,
    action: &str,
    target: &str,
    reason: String,
    result: String,
) -> AuditEntry {
    AuditEntry {
        actor,
        action: action.to_owned(),
        target: target.to_owned(),
        reason: Some(reason),
        result,
        outcome: Outcome::Done,
    }
}

fn refused(entry: AuditEntry, error: &StoreError) -> AuditEntry {
    AuditEntry {
        result: format!("nothing done: {error}"),
        outcome: Outcome::Refused,
        ..entry
    }
}
