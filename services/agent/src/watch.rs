//! What the two halves of the agent share: the thread that guards the server, and
//! the one that asks for leases. Nobody waits while it is locked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lictor_wire::domain::{Instance, Mono};

use crate::lease::{Answer, Lease, Renewal};

/// The server that runs now, its lease, and whether the agent is to end.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    start: Option<(Instance, Lease)>,
    ending: bool,
}

impl Watch {
    // A panic of the one half must not keep the other from killing the server.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server has been started; nothing binds it yet.
    pub(crate) fn begin(&self, instance: Instance) {
        self.state().start = Some((instance, Lease::default()));
    }

    /// The server is gone.
    pub(crate) fn end(&self) {
        self.state().start = None;
    }

    /// The agent is to stop the server and to end.
    pub(crate) fn stop(&self) {
        self.state().ending = true;
    }

    /// Whether it is.
    pub(crate) fn is_ending(&self) -> bool {
        self.state().ending
    }

    /// What to ask for, if a server runs.
    pub(crate) fn renewal(&self, now: Mono) -> Option<(Instance, Renewal)> {
        let mut state = self.state();
        let (instance, lease) = state.start.as_mut()?;
        Some((*instance, lease.renewal(now)))
    }

    /// Takes the answer, unless another server runs by now.
    pub(crate) fn take(&self, instance: Instance, renewal: &Renewal, answer: Answer) {
        if let Some((running, lease)) = &mut self.state().start
            && *running == instance
        {
            lease.take(renewal, answer);
        }
    }

    /// Whether the server that runs must not live any more.
    pub(crate) fn lease_has_ended(&self, now: Mono) -> bool {
        let start = self.state().start;
        start.is_some_and(|(_, lease)| lease.has_ended(now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_one_start_was_granted_does_not_bind_the_next() {
        let (watch, now) = (Watch::default(), Mono::default());
        assert_eq!(watch.renewal(now), None);
        let [first, second] = [1, 2].map(|n| Instance(uuid::Uuid::from_u128(n)));
        watch.begin(first);
        let (of, renewal) = watch.renewal(now).unwrap();
        assert_eq!((of, renewal.number), (first, 1));
        watch.begin(second);
        watch.renewal(now);
        watch.take(first, &renewal, Answer::Bound(Duration::ZERO));
        assert!(!watch.lease_has_ended(now));
        watch.take(second, &renewal, Answer::Bound(Duration::ZERO));
        assert!(watch.lease_has_ended(now));
        watch.end();
        assert!(!watch.lease_has_ended(now));
    }
}
