//! What happened: happenings, which are only added and grow old, and the spans in
//! which clusters were observed.
//!
//! A problem that was opened lasts until it is told closed, or opened again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lictor_domain::{
    ClusterName, Happening, HappeningKind, NodeName, RecoveryId, Scope, Severity, Span, Term,
};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;
use sqlx::types::Uuid;
use sqlx::{FromRow, PgConnection, Postgres};

use crate::error::StoreError;
use crate::row::{Place, named};
use crate::search::Search;
use crate::store::Store;

const SELECT: &str = "SELECT id, at, cluster, node, kind, code, severity, sentence, evidence,
                             response, recovery, planned FROM happening";

/// The place of a happening among all. One that was written later has a greater
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HappeningId(pub i64);

/// A happening that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HappeningRecord {
    /// Its place.
    pub id: HappeningId,
    /// What happened.
    pub happening: Happening,
}

/// Which happenings are meant: those that meet every condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HappeningFilter {
    /// Of these clusters.
    pub of: Scope,
    /// About this node.
    pub node: Option<NodeName>,
    /// Of one of these kinds; of any when there is none.
    pub kinds: Vec<HappeningKind>,
    /// Of this code.
    pub code: Option<String>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Whose sentence, code, cluster or node contains this, whatever the case.
    pub text: Option<String>,
    /// Not before this.
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub until: Option<DateTime<Utc>>,
}

/// What availability is told from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AvailabilityRecords {
    /// When the cluster was observed.
    pub spans: Vec<Span>,
    /// Its outages and changes of the primary, in the order in which they were
    /// told.
    pub happenings: Vec<Happening>,
}

/// What the next leader goes on from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredPast {
    /// Problems that were not closed; the last word on each node's health; the
    /// last outage or its end, and the last change of the primary of each cluster.
    pub happenings: Vec<Happening>,
    /// Until when each cluster was observed.
    pub observed_until: BTreeMap<ClusterName, DateTime<Utc>>,
}

#[derive(FromRow)]
struct HappeningRow {
    id: i64,
    at: DateTime<Utc>,
    cluster: String,
    node: Option<String>,
    kind: String,
    code: String,
    severity: String,
    sentence: String,
    evidence: Vec<String>,
    response: Option<String>,
    recovery: Option<Uuid>,
    planned: bool,
}

impl TryFrom<HappeningRow> for HappeningRecord {
    type Error = StoreError;

    fn try_from(row: HappeningRow) -> Result<Self, StoreError> {
        let key = row.id.to_string();
        let place = Place {
            table: "happening",
            key: &key,
        };
        let node = row.node.map(|node| node.parse()).transpose();
        Ok(Self {
            id: HappeningId(row.id),
            happening: Happening {
                at: row.at,
                cluster: place.value("cluster", row.cluster.parse())?,
                node: place.value("node", node)?,
                kind: place.value("kind", row.kind.parse())?,
                code: row.code,
                severity: place.value("severity", row.severity.parse())?,
                sentence: row.sentence,
                evidence: row.evidence,
                response: row.response,
                recovery: row.recovery.map(RecoveryId),
                planned: row.planned,
            },
        })
    }
}

#[derive(FromRow)]
struct SpanRow {
    cluster: String,
    from_at: DateTime<Utc>,
    until_at: DateTime<Utc>,
}

impl SpanRow {
    fn read(self) -> Result<(ClusterName, Span), StoreError> {
        let place = Place {
            table: "observation",
            key: &self.cluster,
        };
        let cluster = place.value("cluster", self.cluster.parse())?;
        let span = Span {
            from: self.from_at,
            until: self.until_at,
        };
        Ok((cluster, span))
    }
}

impl Store {
    /// Adds happenings, in their order, and gives them their places; one that was
    /// added before keeps its own.
    pub async fn happening_append(
        &self,
        term: Term,
        happenings: &[Happening],
    ) -> Result<Vec<HappeningId>, StoreError> {
        self.write(term, async |transaction| {
            let mut ids = Vec::with_capacity(happenings.len());
            for happening in happenings {
                ids.push(append(transaction, happening).await?);
            }
            Ok(ids)
        })
        .await
    }

    /// At most `limit` happenings, the newest first; those before `before`, to
    /// turn the page.
    pub async fn happening_list(
        &self,
        filter: &HappeningFilter,
        limit: u32,
        before: Option<HappeningId>,
    ) -> Result<Vec<HappeningRecord>, StoreError> {
        let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
        let mut query = Search::of(SELECT)
            .among("cluster", named(&filter.of))
            .only("node =", filter.node.as_ref().map(NodeName::as_str))
            .only_any("kind", kinds)
            .only("code =", filter.code.as_deref())
            .only("severity =", filter.severity.map(Severity::as_str))
            .only("at >=", filter.from)
            .only("at <", filter.until)
            .only("id <", before.map(|id| id.0))
            .containing(
                &["sentence", "code", "cluster", "node"],
                filter.text.as_deref(),
            )
            .newest(limit);
        self.read(async |connection| {
            let rows: Vec<HappeningRow> = query.build_query_as().fetch_all(connection).await?;
            rows.into_iter().map(HappeningRecord::try_from).collect()
        })
        .await
    }

    /// Problems that were not closed, by cluster, then in the order in which they
    /// were opened.
    pub async fn happening_lasting(&self) -> Result<Vec<HappeningRecord>, StoreError> {
        self.read(async |connection| {
            let rows: Vec<HappeningRow> =
                sqlx::query_as("SELECT * FROM happening WHERE lasts ORDER BY cluster, id")
                    .fetch_all(connection)
                    .await?;
            rows.into_iter().map(HappeningRecord::try_from).collect()
        })
        .await
    }

    /// What the next leader goes on from.
    pub async fn happening_past(&self) -> Result<StoredPast, StoreError> {
        self.read(async |connection| {
            let rows: Vec<HappeningRow> = sqlx::query_as(
                "SELECT * FROM happening WHERE lasts
                 UNION ALL
                 SELECT last.* FROM node CROSS JOIN LATERAL (
                     SELECT * FROM happening WHERE happening.node = node.name
                         AND kind = 'node_health' AND NOT late ORDER BY id DESC LIMIT 1) AS last
                 UNION ALL
                 SELECT last.* FROM cluster CROSS JOIN LATERAL (
                     SELECT * FROM happening WHERE happening.cluster = cluster.name
                         AND kind IN ('unavailable', 'available') AND NOT late
                     ORDER BY id DESC LIMIT 1) AS last
                 UNION ALL
                 SELECT last.* FROM cluster CROSS JOIN LATERAL (
                     SELECT * FROM happening WHERE happening.cluster = cluster.name
                         AND kind = 'primary_changed' AND NOT late
                     ORDER BY id DESC LIMIT 1) AS last",
            )
            .fetch_all(&mut *connection)
            .await?;
            let spans: Vec<SpanRow> = sqlx::query_as(
                "SELECT last.* FROM cluster CROSS JOIN LATERAL (
                     SELECT cluster, from_at, until_at FROM observation
                     WHERE observation.cluster = cluster.name
                     ORDER BY from_at DESC LIMIT 1) AS last",
            )
            .fetch_all(connection)
            .await?;
            let happenings = rows.into_iter().map(HappeningRecord::try_from);
            let spans = spans.into_iter().map(SpanRow::read);
            let spans: Vec<_> = spans.collect::<Result<_, _>>()?;
            Ok(StoredPast {
                happenings: happenings
                    .map(|record| Ok(record?.happening))
                    .collect::<Result<_, StoreError>>()?,
                observed_until: spans
                    .into_iter()
                    .map(|(cluster, span)| (cluster, span.until))
                    .collect(),
            })
        })
        .await
    }

    /// What availability over a time is told from, of one cluster or of all that
    /// there was anything of.
    pub async fn happening_availability(
        &self,
        cluster: Option<&ClusterName>,
        range: Span,
    ) -> Result<BTreeMap<ClusterName, AvailabilityRecords>, StoreError> {
        let cluster = cluster.map(ClusterName::as_str);
        self.read(async |connection| {
            // What is dated before the range may be its begin, or end in it.
            let rows: Vec<HappeningRow> = sqlx::query_as(
                "SELECT * FROM happening
                 WHERE kind IN ('unavailable', 'available', 'primary_changed') AND NOT late
                   AND ($1::text IS NULL OR cluster = $1) AND at < $3
                   AND (at >= $2 OR id = (
                       SELECT id FROM happening AS last
                       WHERE last.cluster = happening.cluster AND last.at < $2
                         AND kind IN ('unavailable', 'available') AND NOT last.late
                       ORDER BY id DESC LIMIT 1))
                 ORDER BY cluster, id",
            )
            .bind(cluster)
            .bind(range.from)
            .bind(range.until)
            .fetch_all(&mut *connection)
            .await?;
            let spans: Vec<SpanRow> = sqlx::query_as(
                "SELECT cluster, from_at, until_at FROM observation
                 WHERE ($1::text IS NULL OR cluster = $1) AND until_at >= $2 AND from_at < $3
                 ORDER BY cluster, from_at",
            )
            .bind(cluster)
            .bind(range.from)
            .bind(range.until)
            .fetch_all(connection)
            .await?;
            let mut records: BTreeMap<_, AvailabilityRecords> = BTreeMap::new();
            for row in rows {
                let HappeningRecord { happening, .. } = row.try_into()?;
                let of_cluster = records.entry(happening.cluster.clone()).or_default();
                of_cluster.happenings.push(happening);
            }
            for row in spans {
                let (cluster, span) = row.read()?;
                records.entry(cluster).or_default().spans.push(span);
            }
            Ok(records)
        })
        .await
    }

    /// Writes down until when each cluster has been observed; a span's end never
    /// moves back.
    pub async fn observation_save(
        &self,
        term: Term,
        spans: &[(ClusterName, Span)],
    ) -> Result<(), StoreError> {
        let clusters: Vec<_> = spans.iter().map(|(name, _)| name.as_str()).collect();
        let from: Vec<_> = spans.iter().map(|(_, span)| span.from).collect();
        let until: Vec<_> = spans.iter().map(|(_, span)| span.until).collect();
        self.write(term, async |transaction| {
            sqlx::query(
                "INSERT INTO observation (cluster, from_at, until_at)
                 SELECT cluster, from_at, greatest(from_at, max(until_at))
                 FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[])
                      AS seen (cluster, from_at, until_at)
                 GROUP BY cluster, from_at
                 ON CONFLICT (cluster, from_at) DO UPDATE
                 SET until_at = greatest(observation.until_at, excluded.until_at)",
            )
            .bind(clusters)
            .bind(from)
            .bind(until)
            .execute(transaction)
            .await?;
            Ok(())
        })
        .await
    }

    /// Forgets at most `most` happenings and as many observations that are older;
    /// how many it were. A problem that lasts is not forgotten.
    pub async fn happening_forget(
        &self,
        term: Term,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<u64, StoreError> {
        self.write(term, async |transaction| {
            let mut forgotten = 0;
            for delete in [
                "DELETE FROM happening WHERE id IN (
                     SELECT id FROM happening WHERE at < $1 AND NOT lasts LIMIT $2)",
                "DELETE FROM observation WHERE (cluster, from_at) IN (
                     SELECT cluster, from_at FROM observation WHERE until_at < $1 LIMIT $2)",
            ] {
                let delete = sqlx::query(delete).bind(before).bind(i64::from(most));
                forgotten += delete.execute(&mut *transaction).await?.rows_affected();
            }
            Ok(forgotten)
        })
        .await
    }
}

async fn append(
    transaction: &mut PgConnection,
    happening: &Happening,
) -> Result<HappeningId, StoreError> {
    let opens = happening.kind == HappeningKind::ProblemOpened;
    if opens || happening.kind == HappeningKind::ProblemClosed {
        sqlx::query(
            "UPDATE happening SET lasts = false
             WHERE lasts AND cluster = $1 AND code = $2 AND node IS NOT DISTINCT FROM $3
               AND NOT (at = $4 AND $5)",
        )
        .bind(happening.cluster.as_str())
        .bind(&happening.code)
        .bind(happening.node.as_ref().map(NodeName::as_str))
        .bind(happening.at)
        .bind(opens)
        .execute(&mut *transaction)
        .await?;
    }
    let id = insert(happening, opens, false)
        .fetch_one(transaction)
        .await?;
    Ok(HappeningId(id))
}

/// Adds what says nothing any more about how things stand.
pub(crate) async fn append_late(
    transaction: &mut PgConnection,
    happening: &Happening,
) -> Result<(), StoreError> {
    let insert = insert(happening, false, true);
    insert.fetch_one(transaction).await?;
    Ok(())
}

fn insert(
    happening: &Happening,
    lasts: bool,
    late: bool,
) -> QueryScalar<'static, Postgres, i64, PgArguments> {
    let evidence: Vec<_> = happening.evidence.iter().map(|said| text(said)).collect();
    sqlx::query_scalar(
        "INSERT INTO happening (at, cluster, node, kind, code, severity, sentence, evidence,
                                response, recovery, planned, lasts, late)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (cluster, kind, code, at, coalesce(node, ''))
         DO UPDATE SET at = excluded.at RETURNING id",
    )
    .bind(happening.at)
    .bind(happening.cluster.to_string())
    .bind(happening.node.as_ref().map(NodeName::to_string))
    .bind(happening.kind.as_str())
    .bind(happening.code.clone())
    .bind(happening.severity.as_str())
    .bind(text(&happening.sentence))
    .bind(evidence)
    .bind(happening.response.as_deref().map(text))
    .bind(happening.recovery.map(|id| id.0))
    .bind(happening.planned)
    .bind(lasts)
    .bind(late)
}

/// What MySQL says in an error may hold a NUL character, which Postgres refuses.
fn text(said: &str) -> String {
    said.replace('\0', "\u{fffd}")
}
