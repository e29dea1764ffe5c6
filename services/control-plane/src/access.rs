//! Who may do what: tokens, sessions, and the one table of what each role reaches.
//!
//! A caller is known by what it shows, never by what it says. What is not in the
//! table is reached by nobody.

mod bootstrap;
mod denials;
mod key;
mod keyring;
mod secret;
mod session;
mod table;
pub(crate) mod tokens;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use lictor_domain::{Actor, Scope, Token, TokenId};
use tokio::time::Instant;

pub(crate) use self::denials::{Denials, Told, keep as keep_denials, write as write_denial};
pub(crate) use self::key::{KeyError, Keys};
pub(crate) use self::keyring::{Held, Keyring, Place, Unknown};
#[cfg(test)]
pub(crate) use self::secret::hash;
pub(crate) use self::session::{Session, end as end_of_session, is_carried};
#[cfg(test)]
pub(crate) use self::table::METHODS;
pub(crate) use self::table::Need;
use crate::app::Shared;
use crate::causes::with_sources;
use crate::clock;

/// How often the tokens are read.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How often it is written down which were used.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// Tries to log in, of one address in a minute.
const LOG_INS: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);

/// What one token may do at most, at each instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessLimits {
    /// Requests in a second; streams are not counted.
    pub(crate) requests_per_second: NonZeroU32,
    /// Streams that are open at the same time.
    pub(crate) streams: NonZeroU32,
}

/// How access is set up.
#[derive(Clone, Debug)]
pub(crate) struct AccessSettings {
    /// The key that the instances share.
    pub(crate) key_file: PathBuf,
    /// Where the first token is, or is to be written.
    pub(crate) bootstrap_token_file: Option<PathBuf>,
    /// What one token may do at most.
    pub(crate) limits: AccessLimits,
}

/// What is needed to know who may do what.
#[derive(Debug)]
pub(crate) struct Access {
    /// The shared key.
    pub(crate) keys: Keys,
    /// The tokens.
    pub(crate) keyring: Keyring,
    /// Where denials go.
    pub(crate) denials: Denials,
    log_ins: DefaultKeyedRateLimiter<IpAddr>,
}

impl Access {
    /// All of it, and where denials come out.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub(crate) fn new(settings: &AccessSettings) -> Result<(Self, Told), KeyError> {
        let (denials, told) = Denials::new();
        let access = Self {
            keys: Keys::open(&settings.key_file)?,
            keyring: Keyring::new(settings.limits),
            denials,
            log_ins: RateLimiter::keyed(Quota::per_minute(LOG_INS)),
        };
        Ok((access, told))
    }

    /// Whether somebody there may try to log in now.
    pub(crate) fn may_log_in(&self, from: IpAddr) -> bool {
        self.log_ins.check_key(&from).is_ok()
    }
}

/// Keeps the tokens in memory as they are in Postgres, until the end.
pub(crate) async fn keep(app: Shared) {
    let mut written = Instant::now();
    loop {
        read(&app).await;
        if written.elapsed() >= WRITE_EVERY {
            written = Instant::now();
            write_uses(&app).await;
            app.access.log_ins.retain_recent();
            app.access.denials.tidy();
        }
        tokio::select! {
            () = tokio::time::sleep(READ_EVERY) => {}
            () = app.shutdown.cancelled() => break,
        }
    }
    write_uses(&app).await;
}

async fn read(app: &Shared) {
    let access = &app.access;
    // Before the database is up to date there is nothing to read, and while Postgres
    // is away others say so.
    let Err(error) = access.keyring.read(&app.store, clock::now().wall).await else {
        if access.keyring.is_empty() {
            begin(app).await;
        }
        return;
    };
    tracing::debug!(error = with_sources(&error), "the tokens were not read");
}

async fn begin(app: &Shared) {
    let Some(lease) = app.standing.lease() else {
        return;
    };
    if let Err(error) = bootstrap::begin(app, lease.term()).await {
        let error = with_sources(&error);
        tracing::warn!(error, "there is no first token yet; trying again");
        return;
    }
    // If it is not known now, the next look finds it.
    let _ = app.access.keyring.read(&app.store, clock::now().wall).await;
}

async fn write_uses(app: &Shared) {
    let uses = app.access.keyring.take_uses();
    if uses.is_empty() {
        return;
    }
    if let Err(error) = app.store.token_used(&uses).await {
        tracing::debug!(error = with_sources(&error), "last uses of tokens wait");
        app.access.keyring.give_back(uses);
    }
}

/// Who calls, proven. Every request that needs one carries it as an extension.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// The holder of a token that is in force.
    Holder(Arc<Token>),
    /// Another lictord of this control plane.
    Member,
}

impl Identity {
    /// Which clusters it may see, and do something with.
    pub(crate) fn scope(&self) -> &Scope {
        match self {
            Self::Holder(token) => &token.scope,
            Self::Member => &Scope::All,
        }
    }

    /// The id of the token.
    pub(crate) fn token(&self) -> Option<&TokenId> {
        match self {
            Self::Holder(token) => Some(&token.id),
            Self::Member => None,
        }
    }

    /// As the audit log has it. A holder may say on whose behalf it asks.
    pub(crate) fn actor(&self, says: Option<&str>, from: Option<IpAddr>) -> Actor {
        let token = match self {
            Self::Holder(token) => Some(token.name.to_string()),
            Self::Member => None,
        };
        let name = says.map(ToOwned::to_owned).or_else(|| token.clone());
        Actor {
            name: name.unwrap_or_else(|| "lictor".to_owned()),
            token,
            from,
        }
    }
}
