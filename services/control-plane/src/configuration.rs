//! The configuration in force, and changes of it: judged as a whole, stored as a
//! version with its audit entry and everything it changes of clusters and nodes,
//! then put into the routing table and handed to the clusters' stewards.
//!
//! Nothing is stored or routed that is not whole, and nothing of a change that is
//! refused.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures::future::join_all;
use lictor_domain::access;
use lictor_domain::config::{Change, Item};
use lictor_domain::keyspace::Preview;
use lictor_domain::{Actor, Config, Draft, Faults, Revision, Term, Version};
use lictor_store::{AuditEntry, ConfigVersion, Kind, StoreError};
use thiserror::Error;

use crate::app::Shared;
use crate::audit;
use crate::hub::Acks;
use crate::leadership::NotLeading;

/// What the audit log calls the configuration.
const TARGET: &str = "config";
/// How long subscribers are waited for.
const ACKNOWLEDGED: Duration = Duration::from_secs(1);
/// Between two tries to read what is stored.
const PAUSE: Duration = Duration::from_secs(1);
/// Versions that a conflict tells at most.
const TOLD: u32 = 20;
/// Changes that an entry in the audit log tells at most.
const NOTED: usize = 20;

/// What is to be put in force.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// What is written here.
    Document(Draft),
    /// What this version says.
    Version(Version),
}

/// A change of the configuration, and who asks for it.
#[derive(Debug)]
pub(crate) struct Wish {
    /// What is to be put in force.
    pub(crate) wanted: Wanted,
    /// The newest version, as the operator knows it.
    pub(crate) base: Version,
    /// Who asks.
    pub(crate) actor: Actor,
    /// Why.
    pub(crate) reason: String,
    /// Only say what it would change.
    pub(crate) rehearse: bool,
}

impl Wish {
    fn entry(&self, outcome: access::Outcome, result: String) -> AuditEntry {
        let action = match self.wanted {
            Wanted::Document(_) => "config.apply",
            Wanted::Version(_) => "config.rollback",
        };
        AuditEntry {
            actor: self.actor.clone(),
            action: action.to_owned(),
            target: TARGET.to_owned(),
            reason: Some(self.reason.clone()),
            result,
            outcome,
        }
    }
}

/// An item that differs.
#[derive(Debug)]
pub(crate) struct Difference {
    /// How.
    pub(crate) change: Change,
    /// Of a keyspace in both: what moves.
    pub(crate) preview: Option<Preview>,
}

/// What leads from one configuration to the other.
pub(crate) fn difference(from: &Config, to: &Config) -> Vec<Difference> {
    let preview = |change: &Change| {
        let Item::Keyspace(name) = &change.item else {
            return None;
        };
        let (from, to) = (from.keyspaces().get(name)?, to.keyspaces().get(name)?);
        Some(Preview::new(from, to))
    };
    let changes = from.diff(to).into_iter();
    changes
        .map(|change| Difference {
            preview: preview(&change),
            change,
        })
        .collect()
}

/// What came of a wish.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What changed, or would change.
    pub(crate) changes: Vec<Difference>,
    /// The version that was made, if something was changed.
    pub(crate) made: Option<Made>,
}

/// A version that was made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The version.
    pub(crate) version: ConfigVersion,
    /// The routing table's revision with it.
    pub(crate) revision: Revision,
    /// How the subscribers stand to that.
    pub(crate) acks: Acks,
}

/// A version, and what it changed.
#[derive(Debug)]
pub(crate) struct Step {
    /// The version.
    pub(crate) version: ConfigVersion,
    /// What is different from the one before.
    pub(crate) changes: Vec<Difference>,
}

/// Why the configuration was not changed, by what the caller does next.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// Ask the leader.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// The leader has only begun.
    #[error("this instance has only begun to lead; try again")]
    NotBegun,
    /// Others came first: look at what they did.
    #[error("it was made from version {base}, and the configuration is at version {head} by now")]
    Moved {
        /// The version that the change was made from.
        base: Version,
        /// The newest version.
        head: Version,
        /// The versions since the base, the newest first.
        between: Vec<Step>,
    },
    /// Put it right.
    #[error(transparent)]
    Wrong(#[from] Faults),
    /// There is no such version, or Postgres did not serve.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The configuration that a term begins with. Where no leader has made a version
/// yet, what is stored becomes the first.
pub(crate) async fn begin(app: &Shared, term: Term) -> Result<Config, StoreError> {
    let entry = AuditEntry {
        actor: Actor::lictor(),
        action: "config.begin".to_owned(),
        target: TARGET.to_owned(),
        reason: Some("there was no version yet".to_owned()),
        result: "version 1 is made of what is stored".to_owned(),
        outcome: access::Outcome::Done,
    };
    app.store.config_begin(term, &entry).await?.config()
}

/// Changes the configuration, or rehearses that. A refusal of more than a
/// rehearsal is in the audit log as well.
pub(crate) async fn change(app: &Shared, wish: Wish) -> Result<Outcome, ConfigError> {
    let term = app.standing.lead()?.term();
    let changed = try_change(app, &wish, term).await;
    let note = match &changed {
        _ if wish.rehearse => None,
        Ok(Outcome { made: Some(_), .. }) => None,
        Ok(_) => {
            let same = format!("version {} says the same already", wish.base);
            Some((access::Outcome::Done, same))
        }
        Err(error) => Some((access::Outcome::Refused, format!("not changed: {error}"))),
    };
    if let Some((outcome, note)) = note {
        audit::write(app, term, &wish.entry(outcome, note)).await;
    }
    changed
}

/// Writes into the audit log that a document could not be read.
pub(crate) async fn unread(app: &Shared, actor: Actor, reason: String, why: &str) {
    let Some(lease) = app.standing.lease() else {
        return;
    };
    let entry = AuditEntry {
        actor,
        action: "config.apply".to_owned(),
        target: TARGET.to_owned(),
        reason: Some(reason),
        result: format!("not changed: {why}"),
        outcome: access::Outcome::Refused,
    };
    audit::write(app, lease.term(), &entry).await;
}

async fn try_change(app: &Shared, wish: &Wish, term: Term) -> Result<Outcome, ConfigError> {
    if !app.is_complete() {
        return Err(ConfigError::NotBegun);
    }
    let turn = app.changes.lock().await;
    let head = head(app).await?;
    if head.version != wish.base {
        return Err(moved(app, wish.base, head.version).await?);
    }
    let draft = match &wish.wanted {
        Wanted::Document(draft) => draft.clone(),
        Wanted::Version(version) => app.store.config_get(*version).await?.document,
    };
    let fleet = app.store.cluster_list().await?;
    let config = draft.completed(&fleet, Utc::now())?;
    let changes = difference(&head.config()?, &config);
    if changes.is_empty() || wish.rehearse {
        return Ok(Outcome {
            changes,
            made: None,
        });
    }
    let different = fleet.iter().filter_map(|cluster| {
        let kept = config.clusters().get(&cluster.name)?.applied_to(cluster);
        (kept != *cluster).then_some(kept)
    });
    let different: Vec<_> = different.collect();
    let entry = wish.entry(access::Outcome::Done, told(wish, &changes));
    let document = Draft::from(config.clone());
    let stored = app
        .store
        .config_apply(term, wish.base, &document, &different, &entry)
        .await;
    if let Err(StoreError::Unavailable(_)) = stored {
        app.tasks.spawn(settle(app.clone(), term));
    }
    let Some(version) = stored? else {
        return Ok(Outcome {
            changes,
            made: None,
        });
    };
    let revision = app.hub.configure(term, Arc::new(config)).revision;
    // Without a steward nobody reigns here: the next leader reads the store.
    join_all(different.into_iter().map(|it| app.fleet.define(it))).await;
    drop(turn);
    let acks = app.hub.acknowledged_by_all(revision, ACKNOWLEDGED).await;
    Ok(Outcome {
        changes,
        made: Some(Made {
            version,
            revision,
            acks,
        }),
    })
}

/// After a write of which nobody knows whether it took effect: puts in force what
/// is stored, as soon as it can be read.
async fn settle(app: Shared, term: Term) {
    let leads = || app.standing.lease().is_some_and(|it| it.term() == term);
    while leads() {
        tokio::time::sleep(PAUSE).await;
        let _turn = app.changes.lock().await;
        match put_in_force(&app, term).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "it is not known what is configured"),
        }
    }
}

async fn put_in_force(app: &Shared, term: Term) -> Result<(), StoreError> {
    let config = head(app).await?.config()?;
    let fleet = app.store.cluster_list().await?;
    app.hub.configure(term, Arc::new(config));
    join_all(fleet.into_iter().map(|it| app.fleet.define(it))).await;
    Ok(())
}

/// The newest version.
pub(crate) async fn head(app: &Shared) -> Result<ConfigVersion, StoreError> {
    let head = app.store.config_head().await?;
    head.ok_or(StoreError::NotFound {
        kind: Kind::Version,
        name: "1".to_owned(),
    })
}

/// What a draft makes of the fleet as it is stored.
pub(crate) async fn completed(app: &Shared, draft: Draft) -> Result<Config, ConfigError> {
    let fleet = app.store.cluster_list().await?;
    Ok(draft.completed(&fleet, Utc::now())?)
}

/// At most `limit` versions, the newest first, each with what it changed; those
/// before `before`, to turn the page.
pub(crate) async fn history(
    app: &Shared,
    limit: u32,
    before: Option<Version>,
) -> Result<Vec<Step>, StoreError> {
    // One more, to compare the last with.
    let most = limit.saturating_add(1);
    let mut versions = app.store.config_list(most, before).await?;
    let before_first = versions.last().is_some_and(|it| it.version == 1);
    let mut older = if before_first {
        Config::default()
    } else {
        match versions.pop() {
            None => return Ok(vec![]),
            Some(version) => version.config()?,
        }
    };
    let mut steps = Vec::with_capacity(versions.len());
    for version in versions.into_iter().rev() {
        let config = version.config()?;
        steps.push(Step {
            changes: difference(&older, &config),
            version,
        });
        older = config;
    }
    steps.reverse();
    steps.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(steps)
}

async fn moved(app: &Shared, base: Version, head: Version) -> Result<ConfigError, StoreError> {
    if base > head {
        return Err(StoreError::NotFound {
            kind: Kind::Version,
            name: base.to_string(),
        });
    }
    let mut between = history(app, TOLD, None).await?;
    between.retain(|step| step.version.version > base);
    Ok(ConfigError::Moved {
        base,
        head,
        between,
    })
}

fn told(wish: &Wish, changes: &[Difference]) -> String {
    let changes = changes.iter().map(|it| &it.change);
    let mut told: Vec<_> = changes
        .clone()
        .take(NOTED)
        .map(ToString::to_string)
        .collect();
    let more = changes.len().saturating_sub(NOTED);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    // The store makes this version or none.
    let version = wish.base.saturating_add(1);
    let again = match wish.wanted {
        Wanted::Document(_) => String::new(),
        Wanted::Version(version) => format!(", as version {version} was"),
    };
    format!("version {version}{again}: {}", told.join("; "))
}
