//! The probing session of one node, opened patiently.
//!
//! A hung server counts each call that is given up before it answered, and locks
//! the caller's host out after `max_connect_errors` of them (100 by default). So
//! a call that is not answered in time is not given up with its probe: the next
//! probe waits for it too. It is made anew now and then, for a network that is
//! mended may have lost it.
//!
//! It judges nothing: a probe ends at its deadline whatever becomes of the call.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lictor_domain::NodeReport;
use lictor_mysql::{MysqlError, Session, Target};
use tokio::time::{Instant, timeout_at};

/// A call is held for a fourth of the silence, at most for this long.
const LONGEST_CALL: Duration = Duration::from_secs(30);
const SHARE_OF_SILENCE: u32 = 4;
/// And at least for so many probes' deadlines.
const SHORTEST_CALL: u32 = 2;

/// How the node is reached.
enum Line {
    Closed,
    Calling(BoxFuture<'static, Result<Session, MysqlError>>),
    Open(Session),
}

/// The contact with one node.
pub(crate) struct Contact {
    target: Target,
    line: Line,
    /// Since when no probe was answered.
    silent_since: Option<Instant>,
}

impl Contact {
    pub(crate) const fn new(target: Target) -> Self {
        Self {
            target,
            line: Line::Closed,
            silent_since: None,
        }
    }

    /// Probes once.
    pub(crate) async fn probe(&mut self, deadline: Duration) -> Result<NodeReport, MysqlError> {
        let begun = Instant::now();
        let ends = begun + deadline;
        let report = match self.session(deadline, ends).await {
            Ok(mut session) => {
                let left = ends.saturating_duration_since(Instant::now());
                let report = session.probe(left).await;
                if report.is_ok() && session.is_usable() {
                    self.line = Line::Open(session);
                }
                report
            }
            Err(error) => Err(error),
        };
        self.silent_since = match report {
            Ok(_) => None,
            Err(_) => self.silent_since.or(Some(begun)),
        };
        report
    }

    /// Takes the open session, or waits for one until `ends`.
    async fn session(&mut self, deadline: Duration, ends: Instant) -> Result<Session, MysqlError> {
        let mut call = match std::mem::replace(&mut self.line, Line::Closed) {
            Line::Open(session) => return Ok(session),
            Line::Calling(call) => call,
            Line::Closed => self.call(deadline),
        };
        let Ok(answered) = timeout_at(ends, &mut call).await else {
            self.line = Line::Calling(call);
            return Err(MysqlError::TimedOut {
                what: "log in",
                after: deadline,
            });
        };
        answered
    }

    fn call(&self, deadline: Duration) -> BoxFuture<'static, Result<Session, MysqlError>> {
        let silent_for = self
            .silent_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        let patience = (silent_for / SHARE_OF_SILENCE)
            .min(LONGEST_CALL)
            .max(deadline * SHORTEST_CALL);
        let target = self.target.clone();
        async move { Session::open(&target, patience).await }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use lictor_domain::{NodeAddress, Term};
    use lictor_mysql::{Account, Tls};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const DEADLINE: Duration = Duration::from_millis(30);

    async fn contact() -> (Contact, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let account = Account {
            user: "lictor".to_owned(),
            password: "secret".into(),
            tls: Tls::Disabled,
        };
        let target = Target {
            address: NodeAddress::new("127.0.0.1", port).unwrap(),
            account,
            term: Term(1),
        };
        (Contact::new(target), listener)
    }

    fn accepted(listener: &TcpListener) -> Option<TcpStream> {
        let (stream, _) = listener.accept().now_or_never()?.ok()?;
        Some(stream)
    }

    #[tokio::test]
    async fn a_call_that_hangs_is_not_made_again_with_each_probe() {
        let (mut contact, listener) = contact().await;
        contact.silent_since = Instant::now().checked_sub(Duration::from_mins(2));
        for _ in 0..10 {
            let outcome = contact.probe(DEADLINE).await;
            assert!(
                matches!(outcome, Err(MysqlError::TimedOut { .. })),
                "{outcome:?}"
            );
        }
        assert!(accepted(&listener).is_some());
        assert!(accepted(&listener).is_none(), "a second call");
    }

    #[tokio::test]
    async fn a_call_that_ends_is_made_anew_by_the_next_probe() {
        let (mut contact, listener) = contact().await;
        assert!(contact.probe(DEADLINE).await.is_err());
        drop(accepted(&listener).unwrap());
        let mut anew = false;
        for _ in 0..100 {
            assert!(contact.probe(DEADLINE).await.is_err());
            anew |= accepted(&listener).is_some();
        }
        assert!(anew, "no call was made anew");
    }
}
