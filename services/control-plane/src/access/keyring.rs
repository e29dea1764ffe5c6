//! The tokens that are in force, in memory: who shows one is known without a look
//! into Postgres, so that nobody is locked out while that is away.
//!
//! They are read again every second, and at once when this instance or the leader
//! changes them. What is no longer in force ends what is open under it. As long as
//! Postgres was never read, nobody is known, and nobody is let in.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use lictor_domain::access::LastUse;
use lictor_domain::{Token, TokenId};
use lictor_store::{Store, StoreError, StoredToken};
use tokio_util::sync::CancellationToken;

use super::AccessLimits;
use super::secret::{self, Hash};

/// A token that is in force, and what is going on under it.
#[derive(Debug)]
pub(crate) struct Held {
    /// It.
    pub(crate) token: Arc<Token>,
    turns: Arc<DefaultDirectRateLimiter>,
    streams: Arc<AtomicU32>,
    most_streams: u32,
    ended: CancellationToken,
}

/// One open stream of a token's; it counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Held {
    /// Whether it may ask once more in this second.
    pub(crate) fn takes_a_turn(&self) -> bool {
        self.turns.check().is_ok()
    }

    /// A place for one more stream; `None` when all are taken.
    pub(crate) fn takes_a_place(&self) -> Option<Place> {
        let place = Place(self.streams.clone());
        let before = self.streams.fetch_add(1, Ordering::Relaxed);
        (before < self.most_streams).then_some(place)
    }

    /// Is cancelled when the token is no longer in force.
    pub(crate) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }
}

/// Why a token lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Postgres was never read, or holds no token yet.
    Unread,
    /// There is no such token.
    Nobody,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
}

/// The tokens as they were last read.
#[derive(Debug, Default)]
struct Ring {
    by_hash: HashMap<Hash, TokenId>,
    by_id: BTreeMap<TokenId, Arc<Held>>,
}

/// The tokens.
#[derive(Debug)]
pub(crate) struct Keyring {
    limits: AccessLimits,
    ring: ArcSwapOption<Ring>,
    /// One reads at a time: an older answer must not overtake a newer one.
    reading: tokio::sync::Mutex<()>,
    uses: Mutex<BTreeMap<TokenId, LastUse>>,
}

impl Keyring {
    /// Nobody is known yet.
    pub(crate) fn new(limits: AccessLimits) -> Self {
        Self {
            limits,
            ring: ArcSwapOption::empty(),
            reading: tokio::sync::Mutex::default(),
            uses: Mutex::default(),
        }
    }

    /// Reads the tokens from Postgres.
    ///
    /// # Errors
    /// [`StoreError`]; what was known stays known.
    pub(crate) async fn read(&self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        let _turn = self.reading.lock().await;
        let tokens = store.token_list().await?;
        self.know(tokens, now);
        Ok(())
    }

    /// Knows these and no others.
    pub(crate) fn know(&self, tokens: Vec<StoredToken>, now: DateTime<Utc>) {
        let before = self.ring.load();
        let mut ring = Ring::default();
        for stored in tokens {
            let id = stored.token.id.clone();
            let known = before.as_ref().and_then(|ring| ring.by_id.get(&id));
            let held = self.held(stored.token, known);
            ring.by_hash.insert(stored.hash, id.clone());
            ring.by_id.insert(id, Arc::new(held));
        }
        for held in before.iter().flat_map(|ring| ring.by_id.values()) {
            if good(&ring, &held.token.id, now).is_err() {
                held.ended.cancel();
            }
        }
        self.ring.store(Some(Arc::new(ring)));
    }

    /// What is going on under a token goes on.
    fn held(&self, token: Token, known: Option<&Arc<Held>>) -> Held {
        let token = Arc::new(token);
        let most_streams = self.limits.streams.get();
        if let Some(known) = known {
            return Held {
                token,
                turns: known.turns.clone(),
                streams: known.streams.clone(),
                most_streams,
                ended: known.ended.clone(),
            };
        }
        let quota = Quota::per_second(self.limits.requests_per_second);
        Held {
            token,
            turns: Arc::new(RateLimiter::direct(quota)),
            streams: Arc::default(),
            most_streams,
            ended: CancellationToken::new(),
        }
    }

    /// Whether Postgres was read, and holds no token at all.
    pub(crate) fn is_empty(&self) -> bool {
        let ring = self.ring.load();
        ring.as_ref().is_some_and(|ring| ring.by_id.is_empty())
    }

    /// Who shows this text.
    pub(crate) fn holder(&self, text: &str, now: DateTime<Utc>) -> Result<Arc<Held>, Unknown> {
        let ring = self.ring.load();
        // As long as there is none at all, the first one is still to come.
        let ring = ring.as_ref().filter(|ring| !ring.by_id.is_empty());
        let ring = ring.ok_or(Unknown::Unread)?;
        let id = ring.by_hash.get(&secret::hash(text));
        good(ring, id.ok_or(Unknown::Nobody)?, now)
    }

    /// Whose session says this id.
    pub(crate) fn of_session(
        &self,
        id: &TokenId,
        now: DateTime<Utc>,
    ) -> Result<Arc<Held>, Unknown> {
        let ring = self.ring.load();
        good(ring.as_ref().ok_or(Unknown::Unread)?, id, now)
    }

    /// Remembers that a token was used.
    pub(crate) fn used(&self, token: &TokenId, from: Option<IpAddr>, at: DateTime<Utc>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(token.clone(), LastUse { at, from });
    }

    /// What was used since this was asked last.
    pub(super) fn take_uses(&self) -> Vec<(TokenId, LastUse)> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *uses).into_iter().collect()
    }

    /// Uses that Postgres did not take; newer ones stand.
    pub(super) fn give_back(&self, unsaid: Vec<(TokenId, LastUse)>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, last) in unsaid {
            uses.entry(token).or_insert(last);
        }
    }
}

fn good(ring: &Ring, id: &TokenId, now: DateTime<Utc>) -> Result<Arc<Held>, Unknown> {
    let held = ring.by_id.get(id).ok_or(Unknown::Nobody)?;
    if held.token.revoked.is_some() {
        return Err(Unknown::Revoked);
    }
    if !held.token.is_good_at(now) {
        return Err(Unknown::Expired);
    }
    Ok(held.clone())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use chrono::TimeDelta;
    use lictor_domain::Scope;
    use lictor_domain::access::{Revoked, Role};

    use super::*;

    const TEXT: &str = "a text";

    fn stored(revoked: Option<Revoked>, expires_at: Option<DateTime<Utc>>) -> StoredToken {
        StoredToken {
            token: Token {
                id: "0123456789ab".parse().unwrap(),
                name: "ci".parse().unwrap(),
                role: Role::Viewer,
                scope: Scope::All,
                created_at: Utc::now(),
                created_by: "ann".to_owned(),
                expires_at,
                revoked,
                last_use: None,
            },
            hash: secret::hash(TEXT),
        }
    }

    fn keyring() -> Keyring {
        Keyring::new(AccessLimits {
            requests_per_second: NonZeroU32::MIN.saturating_add(1),
            streams: NonZeroU32::MIN,
        })
    }

    #[test]
    fn nobody_is_let_in_before_postgres_was_read() {
        let keyring = keyring();
        let refused = keyring.holder(TEXT, Utc::now()).unwrap_err();
        assert_eq!(refused, Unknown::Unread);
        assert!(!keyring.is_empty());
        keyring.know(vec![], Utc::now());
        assert!(keyring.is_empty());
        let refused = keyring.holder(TEXT, Utc::now()).unwrap_err();
        assert_eq!(refused, Unknown::Unread, "the first one is still to come");
        keyring.know(vec![stored(None, None)], Utc::now());
        let refused = keyring.holder("another text", Utc::now()).unwrap_err();
        assert_eq!(refused, Unknown::Nobody);
    }

    #[test]
    fn what_is_open_under_a_token_ends_with_it_and_not_before() {
        let (keyring, now) = (keyring(), Utc::now());
        keyring.know(vec![stored(None, None)], now);
        let ended = keyring.holder(TEXT, now).unwrap().ended();
        keyring.know(vec![stored(None, None)], now);
        assert!(!ended.is_cancelled());
        let revoked = Revoked {
            at: now,
            by: "ann".to_owned(),
        };
        keyring.know(vec![stored(Some(revoked), None)], now);
        assert!(ended.is_cancelled());
        assert_eq!(keyring.holder(TEXT, now).unwrap_err(), Unknown::Revoked);
    }

    #[test]
    fn a_token_that_is_gone_or_over_ends_what_is_open_too() {
        let now = Utc::now();
        let over = now + TimeDelta::hours(1);
        for (then, after) in [(vec![], now), (vec![stored(None, Some(over))], over)] {
            let keyring = keyring();
            keyring.know(vec![stored(None, Some(over))], now);
            let held = keyring.holder(TEXT, now).unwrap();
            let same = keyring.of_session(&held.token.id, now).unwrap();
            assert!(Arc::ptr_eq(&held, &same));
            assert!(keyring.holder(TEXT, over).is_err());
            keyring.know(then, after);
            assert!(held.ended().is_cancelled());
        }
    }

    #[test]
    fn a_token_has_so_many_turns_and_places() {
        let (keyring, now) = (keyring(), Utc::now());
        keyring.know(vec![stored(None, None)], now);
        let held = keyring.holder(TEXT, now).unwrap();
        let turns = (0..9).filter(|_| held.takes_a_turn()).count();
        assert_eq!(turns, 2);
        let place = held.takes_a_place().unwrap();
        assert!(held.takes_a_place().is_none());
        drop(place);
        assert!(held.takes_a_place().is_some());
    }

    #[test]
    fn uses_that_were_not_stored_are_said_again_unless_newer_ones_came() {
        let (keyring, now) = (keyring(), Utc::now());
        let id: TokenId = "0123456789ab".parse().unwrap();
        keyring.used(&id, None, now);
        let taken = keyring.take_uses();
        assert!(keyring.take_uses().is_empty());
        let later = now + TimeDelta::seconds(1);
        keyring.used(&id, None, later);
        keyring.give_back(taken);
        let last = LastUse {
            at: later,
            from: None,
        };
        assert_eq!(keyring.take_uses(), [(id, last)]);
    }
}
