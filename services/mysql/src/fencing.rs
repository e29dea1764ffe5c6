//! Ends sessions: those of deposed leaders, and what they were in the midst of.

use std::time::Duration;

use lictor_domain::Term;

use crate::deadline::Deadline;
use crate::error::{MysqlError, NO_SUCH_THREAD};
use crate::session::Session;
use crate::target::TERM_ATTRIBUTE;

/// Between two looks at a session that was ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Session {
    /// Ends every session of a term before `term`, and says how many there
    /// were.
    ///
    /// Relies on the performance schema, which keeps connection attributes; a
    /// server that keeps none is refused as unsupported.
    pub async fn kill_older_terms(
        &mut self,
        term: Term,
        deadline: Duration,
    ) -> Result<u32, MysqlError> {
        let deadline = Deadline::new("end sessions of older terms", deadline);
        let sql = self.dialect().attribute(TERM_ATTRIBUTE);
        let mut sessions = Vec::new();
        for row in self.ask(&deadline, &sql).await?.rows()? {
            sessions.push((row.get("id")?, row.maybe::<String>("value")?));
        }
        if !sessions.iter().any(|(id, _)| *id == u64::from(self.id())) {
            return Err(MysqlError::Unsupported {
                found: "a server that keeps no connection attributes \
                        (performance_schema or its session_connect_attrs_size is off)"
                    .to_owned(),
            });
        }
        let mut killed = 0;
        for id in older(&sessions, term, u64::from(self.id())) {
            self.kill(&deadline, id).await?;
            killed += 1;
        }
        Ok(killed)
    }

    /// Ends the session of this identity and what it does; returns when it has.
    pub async fn end_session(&mut self, id: u32, deadline: Duration) -> Result<(), MysqlError> {
        let deadline = Deadline::new("end another session", deadline);
        let list = self.dialect().session(id);
        self.end_sessions(&deadline, &list).await
    }

    /// Ends the sessions that a statement lists by `id`, until it lists none.
    pub(crate) async fn end_sessions(
        &mut self,
        deadline: &Deadline,
        list: &str,
    ) -> Result<(), MysqlError> {
        loop {
            let sessions = self.ask(deadline, list).await?.rows()?;
            if sessions.is_empty() {
                return Ok(());
            }
            for session in sessions {
                self.kill(deadline, session.get("id")?).await?;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Ends one session; one that is gone already is fine.
    pub(crate) async fn kill(&mut self, deadline: &Deadline, id: u64) -> Result<(), MysqlError> {
        match self.tell(deadline, &format!("KILL CONNECTION {id}")).await {
            Err(MysqlError::Server { number, .. }) if number == NO_SUCH_THREAD => Ok(()),
            done => done,
        }
    }
}

/// The sessions that carry a term before `term`, but never `own`.
fn older(sessions: &[(u64, Option<String>)], term: Term, own: u64) -> impl Iterator<Item = u64> {
    sessions
        .iter()
        .filter(move |(id, value)| {
            let theirs = value.as_deref().and_then(|value| value.parse().ok());
            *id != own && theirs.is_some_and(|theirs| Term(theirs) < term)
        })
        .map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sessions_of_earlier_terms_are_ended() {
        let sessions = [
            (1, Some("9".to_owned())),
            (2, Some("10".to_owned())),
            (3, Some("11".to_owned())),
            (4, Some("soon".to_owned())),
            (5, None),
            (6, Some("2".to_owned())),
        ];
        let killed: Vec<u64> = older(&sessions, Term(10), 6).collect();
        assert_eq!(killed, [1]);
    }
}
