//! One logged-in connection to a server.
//!
//! Invariant: dropping it always ends in a closed socket within a moment,
//! whatever state it is in and whether or not the server still answers.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::error::MysqlError;
use crate::reply::Reply;
use crate::target::{Target, greeting};

/// How long saying goodbye to a server may take in the background.
const FAREWELL: Duration = Duration::from_secs(1);

pub(crate) struct Line(Option<Conn>);

impl Line {
    /// Logs in, prepares the session, and asks `question` in the same breath.
    pub(crate) async fn open(target: &Target, question: &str) -> Result<(Self, Reply), MysqlError> {
        let conn = Conn::new(target.options())
            .await
            .map_err(MysqlError::of_opening)?;
        let mut line = Self(Some(conn));
        let mut reply = line.ask(&format!("{}; {question}", greeting())).await?;
        reply.skip_first();
        Ok((line, reply))
    }

    /// The server's number of this session.
    pub(crate) fn id(&self) -> u32 {
        self.0.as_ref().map_or(0, Conn::id)
    }

    /// Sends statements in one go and collects what each answers; the first
    /// one that fails ends them.
    pub(crate) async fn ask(&mut self, sql: &str) -> Result<Reply, MysqlError> {
        let conn = self
            .0
            .as_mut()
            .ok_or_else(|| MysqlError::broken("already closed"))?;
        let collect = async {
            let mut result = conn.query_iter(sql).await?;
            let mut sets: Vec<Vec<Row>> = Vec::new();
            while !result.is_empty() {
                sets.push(result.collect().await?);
            }
            // The library holds back the error of a later statement until here.
            result.drop_result().await?;
            Ok(Reply::new(sets))
        };
        collect.await.map_err(MysqlError::of_session)
    }

    /// Sends one statement with `about` bound to its only parameter.
    pub(crate) async fn ask_about(&mut self, sql: &str, about: &str) -> Result<Reply, MysqlError> {
        let conn = self
            .0
            .as_mut()
            .ok_or_else(|| MysqlError::broken("already closed"))?;
        let rows = conn.exec(sql, (about,)).await;
        Ok(Reply::new(vec![rows.map_err(MysqlError::of_session)?]))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // The library would read an unfinished answer to its end, however long
        // the server takes.
        if let (Some(conn), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(timeout(FAREWELL, conn.disconnect()));
        }
    }
}
