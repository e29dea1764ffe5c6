//! What a reader has to have seen, so that one reads what one wrote.
//!
//! After a commit the writer's `gtid_executed` holds it, and so does every
//! replica's once it has applied it. What is not known is kept as not known, and
//! then only the writer is asked.
//!
//! MySQL can tell the GTIDs of the session's own commit in the answer to it
//! (`session_track_gtids = OWN_GTID`), but only to a driver that asks for that
//! when it connects (`CLIENT_SESSION_TRACK`). `mysql_async` 0.37 can read such an
//! answer and never asks for it. So the writer's `gtid_executed` is read after
//! the commit: one statement more, and a reader then waits for everybody's
//! commits up to that moment, not just for one's own.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lictor_domain::{ClusterName, GtidSet};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use thiserror::Error;
use tokio::time::timeout;

/// What was seen of some clusters: hand it to the reads that have to see it too.
///
/// It survives as text (`Display`, `FromStr`), in a cookie or a message, so that
/// another process can read what this one wrote.
///
/// ```no_run
/// use lictor_client::{AnyLag, Causality, Idempotent, Lictor};
/// use mysql_async::prelude::Queryable;
///
/// # async fn example(lictor: &Lictor) -> Result<(), Box<dyn std::error::Error>> {
/// let mut writer = lictor.writer("orders").await?;
/// writer.query_drop("INSERT INTO carts (id) VALUES (7)").await?;
/// let cookie = writer.causality().await?.to_string();
/// drop(writer);
///
/// let seen: Causality = cookie.parse()?;
/// let mut reader = lictor.reader("orders", AnyLag).after(&seen).await?;
/// let cart: Option<u64> = reader.query_first("SELECT id FROM carts WHERE id = 7").await?;
/// assert_eq!(cart, Some(7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causality {
    points: BTreeMap<ClusterName, Point>,
}

/// What was seen of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// At least these transactions.
    Executed(GtidSet),
    /// Something, and it could not be learnt what: only the writer has it.
    Unknown,
}

impl Causality {
    pub(crate) fn at(cluster: ClusterName, point: Point) -> Self {
        Self {
            points: [(cluster, point)].into(),
        }
    }

    pub(crate) fn point(&self, cluster: &ClusterName) -> Option<&Point> {
        self.points.get(cluster)
    }

    /// Adds all that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        for (cluster, theirs) in &other.points {
            let both = match (self.points.get(cluster), theirs) {
                (Some(Point::Executed(ours)), Point::Executed(theirs)) => {
                    Point::Executed(ours.union(theirs))
                }
                (Some(Point::Unknown), _) => Point::Unknown,
                (Some(Point::Executed(_)) | None, theirs) => theirs.clone(),
            };
            self.points.insert(cluster.clone(), both);
        }
    }

    /// What this has seen of a cluster does not count any more.
    pub(crate) fn forget(&mut self, cluster: &ClusterName) {
        self.points.remove(cluster);
    }
}

/// The transactions that the node has executed.
pub(crate) async fn executed(conn: &mut Conn) -> mysql_async::Result<Point> {
    let text: Option<String> = conn.query_first("SELECT @@global.gtid_executed").await?;
    // What cannot be read is not known.
    let set = text.and_then(|text| text.parse().ok());
    Ok(set.map_or(Point::Unknown, Point::Executed))
}

/// Whether the node has executed the transactions, waited for so long at most;
/// `answer_within` longer for the answer itself.
pub(crate) async fn has_executed(
    conn: &mut Conn,
    transactions: &GtidSet,
    within: Duration,
    answer_within: Duration,
) -> mysql_async::Result<bool> {
    // 0 would mean without an end.
    let seconds = within.max(Duration::from_millis(1)).as_secs_f64();
    let ask = conn.exec_first(
        "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)",
        (transactions.to_string(), seconds),
    );
    let missed: Option<u8> = match timeout(within + answer_within, ask).await {
        Ok(answer) => answer?,
        Err(_) => return Ok(false),
    };
    Ok(missed == Some(0))
}

/// Why a text is no [`Causality`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{found}` says nothing of a cluster; each part is `CLUSTER=GTIDS` or `CLUSTER=?`, with `;` between"
)]
pub struct CausalityParseError {
    /// The part at fault.
    pub found: String,
}

impl fmt::Display for Causality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (cluster, point)) in self.points.iter().enumerate() {
            let between = if index == 0 { "" } else { ";" };
            match point {
                Point::Executed(set) => write!(f, "{between}{cluster}={set}")?,
                Point::Unknown => write!(f, "{between}{cluster}=?")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Causality {
    type Err = CausalityParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split(';').filter(|part| !part.is_empty());
        let points = parts
            .map(|part| {
                point(part).ok_or_else(|| CausalityParseError {
                    found: part.to_owned(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { points })
    }
}

fn point(part: &str) -> Option<(ClusterName, Point)> {
    let (cluster, seen) = part.split_once('=')?;
    let point = match seen {
        "?" => Point::Unknown,
        gtids => Point::Executed(gtids.parse().ok()?),
    };
    Some((cluster.parse().ok()?, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn seen(text: &str) -> Causality {
        text.parse().unwrap()
    }

    #[test]
    fn its_text_says_all_of_it() {
        for text in [
            String::new(),
            format!("orders={UUID}:1-5"),
            format!("orders={UUID}:1-5:7;users=?"),
        ] {
            assert_eq!(seen(&text).to_string(), text);
        }
        for wrong in ["orders", "orders=x", "no label=?", "=?"] {
            let error = wrong.parse::<Causality>().unwrap_err();
            assert_eq!(error.found, wrong);
        }
    }

    #[test]
    fn together_they_have_seen_what_each_has() {
        let mut both = seen(&format!("orders={UUID}:1-5"));
        both.merge(&seen(&format!("orders={UUID}:4-9;users={UUID}:1")));
        assert_eq!(both, seen(&format!("orders={UUID}:1-9;users={UUID}:1")));
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let mut both = seen("orders=?");
        both.merge(&seen(&format!("orders={UUID}:1")));
        assert_eq!(both, seen("orders=?"));
        let mut other = seen(&format!("orders={UUID}:1"));
        other.merge(&seen("orders=?"));
        assert_eq!(other, seen("orders=?"));
    }
}
