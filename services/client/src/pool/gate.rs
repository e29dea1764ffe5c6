//! How many connections to one node may be in use: a limit that can change
//! while they are.
//!
//! A smaller limit takes back nothing that is in use; it waits for what comes
//! back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
struct Limit {
    wanted: usize,
    /// Passes out now that are above the limit: they end when they come back.
    owed: usize,
}

/// Lets so many through at a time, in the order they came.
#[derive(Debug)]
pub(crate) struct Gate {
    semaphore: Arc<Semaphore>,
    limit: Mutex<Limit>,
}

/// The right to have one connection out; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    gate: Arc<Gate>,
    /// Taken only by `drop`.
    permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            semaphore: Arc::new(Semaphore::new(limit)),
            limit: Mutex::new(Limit {
                wanted: limit,
                owed: 0,
            }),
        })
    }

    /// A pass, waited for.
    pub(crate) async fn pass(self: &Arc<Self>) -> Pass {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok();
        Pass {
            gate: Arc::clone(self),
            permit,
        }
    }

    /// A pass, if there is one now.
    pub(crate) fn try_pass(self: &Arc<Self>) -> Option<Pass> {
        let permit = Arc::clone(&self.semaphore).try_acquire_owned().ok()?;
        Some(Pass {
            gate: Arc::clone(self),
            permit: Some(permit),
        })
    }

    pub(crate) fn limit(&self) -> usize {
        self.locked().wanted
    }

    /// How many passes are out.
    pub(crate) fn out(&self) -> usize {
        let limit = self.locked();
        (limit.wanted + limit.owed).saturating_sub(self.semaphore.available_permits())
    }

    /// Changes the limit; whether it was another.
    pub(crate) fn resize(&self, wanted: usize) -> bool {
        let mut limit = self.locked();
        let before = limit.wanted;
        limit.wanted = wanted;
        if wanted >= before {
            let forgiven = limit.owed.min(wanted - before);
            limit.owed -= forgiven;
            self.semaphore.add_permits(wanted - before - forgiven);
        } else {
            let fewer = before - wanted;
            limit.owed += fewer - self.semaphore.forget_permits(fewer);
        }
        wanted != before
    }

    fn locked(&self) -> MutexGuard<'_, Limit> {
        // Two numbers, changed together.
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut limit = self.gate.locked();
        if let Some(permit) = self.permit.take()
            && limit.owed > 0
        {
            limit.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_smaller_limit_waits_for_what_is_out() {
        let gate = Gate::new(2);
        let (one, other) = (gate.try_pass().unwrap(), gate.try_pass().unwrap());
        assert!(gate.resize(1));
        assert_eq!((gate.limit(), gate.out()), (1, 2));
        drop(one);
        assert!(gate.try_pass().is_none(), "the other one is out");
        drop(other);
        let again = gate.try_pass();
        assert!(again.is_some() && gate.try_pass().is_none());
    }

    #[tokio::test]
    async fn who_waits_is_let_through_by_a_larger_limit() {
        let gate = Gate::new(1);
        let _out = gate.pass().await;
        let waiting = gate.pass();
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        gate.resize(2);
        assert!(futures::poll!(&mut waiting).is_ready());
    }

    proptest! {
        #[test]
        fn the_limit_holds_whatever_happened_before(
            steps in proptest::collection::vec((0..3_u8, 1..6_usize), 0..60),
        ) {
            let gate = Gate::new(3);
            let mut out = vec![];
            for (what, limit) in steps {
                match what {
                    0 => { gate.resize(limit); }
                    1 => { out.pop(); }
                    _ => {
                        let had_room = out.len() < gate.limit();
                        let pass = gate.try_pass();
                        prop_assert_eq!(pass.is_some(), had_room);
                        out.extend(pass);
                    }
                }
                prop_assert_eq!(gate.out(), out.len());
            }
        }
    }
}
