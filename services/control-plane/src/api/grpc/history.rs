//! `HistoryService`: what happened, what is wrong, what was done, and how
//! available clusters were. All of it is read from Postgres; the leader adds what
//! it sees at this moment.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lictor_domain::{ClusterName, Happening, Objectives, Scope, Severity, Span};
use lictor_engine::availability::{self, Availability, Outage, Records};
use lictor_store::{AuditFilter, AuditId, HappeningFilter, HappeningId};
use lictor_wire::v1::history_service_server::HistoryService;
use lictor_wire::{Timestamp, WireError, instant, micros, outcome, severity, timestamp, v1};
use tonic::{Request, Response, Status};

use super::super::problem::{self, Problem};
use super::{allow_all, allow_node, meant, parse};
use crate::app::Shared;
use crate::clock;
use crate::historian;
use crate::snapshot::Snapshot;

const USUAL: u32 = 50;
const MOST: u32 = 1000;
const TEXT_MAX: usize = 200;
/// Outages of one cluster that are told; the numbers count all.
const OUTAGES: usize = 500;

/// The service.
pub(super) struct Api {
    app: Shared,
}

impl Api {
    pub(super) const fn new(app: Shared) -> Self {
        Self { app }
    }

    /// The problems as this instance sees them, or as they were written down.
    async fn problems(&self, of: &Scope) -> Result<Vec<v1::ClusterProblem>, Status> {
        if self.app.is_complete() {
            let snapshots = self.app.fleet.snapshots();
            let snapshots = snapshots.iter();
            let meant = snapshots.filter(|it| of.has(&it.view.cluster.name));
            return Ok(meant.flat_map(|it| seen(it)).collect());
        }
        let lasting = self.app.store.happening_lasting().await;
        let lasting = lasting.map_err(Problem::from)?.into_iter();
        let meant = lasting.filter(|record| of.has(&record.happening.cluster));
        Ok(meant.map(|record| stored(record.happening)).collect())
    }

    /// What is promised of the cluster asked for, or of each of these.
    async fn objectives(
        &self,
        cluster: Option<&ClusterName>,
        of: &Scope,
    ) -> Result<BTreeMap<ClusterName, Objectives>, Status> {
        let store = &self.app.store;
        let clusters = match cluster {
            Some(name) => vec![store.cluster_get(name).await.map_err(Problem::from)?],
            None => store.cluster_list().await.map_err(Problem::from)?,
        };
        let clusters = clusters.into_iter();
        Ok(clusters
            .filter(|cluster| of.has(&cluster.name))
            .map(|cluster| (cluster.name, cluster.policy.objectives))
            .collect())
    }

    async fn availability(
        &self,
        cluster: Option<&ClusterName>,
        of: &Scope,
        range: Span,
    ) -> Result<Vec<Availability>, Status> {
        let objectives = self.objectives(cluster, of).await?;
        let records = self.app.store.happening_availability(cluster, range).await;
        let mut records = records.map_err(Problem::from)?;
        // What the leader sees is marked every few seconds only.
        for (name, span) in historian::observed(&self.app) {
            records.entry(name).or_default().spans.push(span);
        }
        let of_cluster = |(name, objectives): (ClusterName, Objectives)| {
            let records = records.remove(&name).unwrap_or_default();
            let records = Records {
                spans: &records.spans,
                happenings: &records.happenings,
            };
            availability::of_cluster(&name, objectives, records, range)
        };
        Ok(objectives.into_iter().map(of_cluster).collect())
    }
}

#[tonic::async_trait]
impl HistoryService for Api {
    async fn list_happenings(
        &self,
        request: Request<v1::ListHappeningsRequest>,
    ) -> Result<Response<v1::ListHappeningsResponse>, Status> {
        let filter = filter(&request)?;
        let request = request.get_ref();
        let before = request.before.map(HappeningId);
        let store = &self.app.store;
        let records = store
            .happening_list(&filter, limit(request.limit), before)
            .await;
        let records = records.map_err(Problem::from)?.into_iter();
        let happening =
            |it: lictor_store::HappeningRecord| v1::Happening::new(it.id.0, &it.happening);
        Ok(Response::new(v1::ListHappeningsResponse {
            happenings: records.map(happening).collect(),
        }))
    }

    async fn list_audit(
        &self,
        request: Request<v1::ListAuditRequest>,
    ) -> Result<Response<v1::ListAuditResponse>, Status> {
        allow_all(&request)?;
        let request = request.into_inner();
        let filter = AuditFilter {
            actor: exact(request.actor, "actor")?,
            action: exact(request.action, "action")?,
            target: exact(request.target, "target")?,
            outcome: outcome(request.outcome).map_err(problem::invalid)?,
            text: text(&request.text)?,
        };
        let before = request.before.map(AuditId);
        let store = &self.app.store;
        let records = store
            .audit_list(&filter, limit(request.limit), before)
            .await;
        let records = records.map_err(Problem::from)?.into_iter();
        let record = |record: lictor_store::AuditRecord| v1::AuditRecord {
            id: record.id.0,
            at: Some(timestamp(record.at)),
            actor: record.entry.actor.name,
            action: record.entry.action,
            target: record.entry.target,
            reason: record.entry.reason,
            result: record.entry.result,
            token: record.entry.actor.token,
            from: record.entry.actor.from.map(|from| from.to_string()),
            outcome: v1::AuditOutcome::from(record.entry.outcome).into(),
        };
        Ok(Response::new(v1::ListAuditResponse {
            records: records.map(record).collect(),
        }))
    }

    async fn list_problems(
        &self,
        request: Request<v1::ListProblemsRequest>,
    ) -> Result<Response<v1::ListProblemsResponse>, Status> {
        let cluster = optional::<ClusterName>(request.get_ref().cluster.as_deref(), "cluster")?;
        let of = meant(&request, cluster.as_ref())?;
        let request = request.get_ref();
        let severity = severity(request.severity).map_err(problem::invalid)?;
        let text = text(&request.text)?.map(|text| text.to_lowercase());
        let mut problems = self.problems(&of).await?;
        problems.retain(|found| is_meant(found, severity, text.as_deref()));
        let grave = |it: &v1::ClusterProblem| it.problem.as_ref().map(|it| it.severity);
        problems
            .sort_by(|a, b| (Reverse(grave(a)), &a.cluster).cmp(&(Reverse(grave(b)), &b.cluster)));
        Ok(Response::new(v1::ListProblemsResponse { problems }))
    }

    async fn get_availability(
        &self,
        request: Request<v1::GetAvailabilityRequest>,
    ) -> Result<Response<v1::GetAvailabilityResponse>, Status> {
        let cluster = optional(request.get_ref().cluster.as_deref(), "cluster")?;
        let of = meant(&request, cluster.as_ref())?;
        let request = request.get_ref();
        let range = range(request, clock::now().wall)?;
        let clusters = self.availability(cluster.as_ref(), &of, range).await?;
        Ok(Response::new(v1::GetAvailabilityResponse {
            from: Some(timestamp(range.from)),
            to: Some(timestamp(range.until)),
            formula: availability::formula(&clusters),
            clusters: clusters.iter().map(reached).collect(),
        }))
    }
}

fn filter(asked: &Request<v1::ListHappeningsRequest>) -> Result<HappeningFilter, Status> {
    let request = asked.get_ref();
    let cluster = optional::<ClusterName>(request.cluster.as_deref(), "cluster")?;
    let node = optional(request.node.as_deref(), "node")?;
    if let Some(node) = &node {
        allow_node(asked, node)?;
    }
    Ok(HappeningFilter {
        of: meant(asked, cluster.as_ref())?,
        node,
        kinds: request.kinds_read().map_err(problem::invalid)?,
        code: exact(request.code.clone(), "code")?,
        severity: severity(request.severity).map_err(problem::invalid)?,
        text: text(&request.text)?,
        from: moment(request.from.as_ref(), "from")?,
        until: moment(request.to.as_ref(), "to")?,
    })
}

fn limit(limit: u32) -> u32 {
    match limit {
        0 => USUAL,
        limit => limit.min(MOST),
    }
}

/// What is searched for; nothing for no text.
fn text(text: &str) -> Result<Option<String>, Status> {
    let text = (!text.is_empty()).then(|| text.to_owned());
    exact(text, "text")
}

/// A text that can be asked for: Postgres keeps no NUL.
fn exact(text: Option<String>, field: &str) -> Result<Option<String>, Status> {
    let wrong = |text: &String| text.chars().count() > TEXT_MAX || text.contains('\0');
    if text.as_ref().is_some_and(wrong) {
        let why = format!("it is longer than {TEXT_MAX} characters, or holds a NUL");
        return Err(problem::invalid(WireError::invalid(field, why)));
    }
    Ok(text)
}

fn optional<T>(text: Option<&str>, field: &str) -> Result<Option<T>, Status>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.map(|text| parse(text, field)).transpose()
}

fn moment(at: Option<&Timestamp>, field: &str) -> Result<Option<DateTime<Utc>>, Status> {
    let at = at.map(|at| instant(at, field)).transpose();
    at.map_err(problem::invalid)
}

/// The time that is asked for; it ends now at the latest.
fn range(request: &v1::GetAvailabilityRequest, now: DateTime<Utc>) -> Result<Span, Status> {
    let period = v1::Period::try_from(request.period);
    let period = period.map_err(|error| problem::invalid(WireError::invalid("period", error)))?;
    let invalid = |field: &str, why: &'static str| problem::invalid(WireError::invalid(field, why));
    let from = moment(request.from.as_ref(), "from")?;
    let until = moment(request.to.as_ref(), "to")?.map_or(now, |to| to.min(now));
    if period != v1::Period::Unspecified && (request.from.is_some() || request.to.is_some()) {
        return Err(invalid("period", "there is a from or a to as well"));
    }
    let days = match period {
        v1::Period::Unspecified | v1::Period::Day => 1,
        v1::Period::Month => 30,
        v1::Period::Year => 365,
    };
    let from = from.or_else(|| until.checked_sub_signed(TimeDelta::days(days)));
    let from = from.filter(|from| *from < until);
    let from = from.ok_or_else(|| invalid("from", "it is not before the end"))?;
    Ok(Span { from, until })
}

fn seen(snapshot: &Snapshot) -> Vec<v1::ClusterProblem> {
    let problems = snapshot.problems.iter();
    let found = problems.map(|problem| {
        let since = snapshot.since.get(&(problem.code, problem.node.clone()));
        v1::ClusterProblem {
            cluster: snapshot.view.cluster.name.to_string(),
            problem: Some(problem.into()),
            since: since.copied().map(timestamp),
        }
    });
    found.collect()
}

fn stored(opened: Happening) -> v1::ClusterProblem {
    let evidence = opened.evidence.into_iter();
    v1::ClusterProblem {
        cluster: opened.cluster.to_string(),
        since: Some(timestamp(opened.at)),
        problem: Some(v1::Problem {
            code: opened.code,
            severity: v1::Severity::from(opened.severity).into(),
            node: opened.node.map(Into::into),
            sentence: opened.sentence,
            response: opened.response.unwrap_or_default(),
            evidence: evidence.map(|sentence| v1::Evidence { sentence }).collect(),
        }),
    }
}

fn is_meant(found: &v1::ClusterProblem, severity: Option<Severity>, text: Option<&str>) -> bool {
    let Some(problem) = &found.problem else {
        return false;
    };
    let node = problem.node.as_deref().unwrap_or_default();
    let said = [&problem.sentence, &problem.code, &found.cluster, node];
    let says = |text: &str| said.iter().any(|said| said.to_lowercase().contains(text));
    severity.is_none_or(|severity| problem.severity() == v1::Severity::from(severity))
        && text.is_none_or(says)
}

fn reached(reached: &Availability) -> v1::ClusterAvailability {
    let time = |time: Option<Duration>| time.map(micros);
    let skipped = reached.outages.len().saturating_sub(OUTAGES);
    v1::ClusterAvailability {
        cluster: reached.cluster.to_string(),
        observed_us: micros(reached.observed),
        unavailable_us: micros(reached.unavailable),
        availability_percent: reached.percent(),
        failures: u32::try_from(reached.failures()).unwrap_or(u32::MAX),
        mtbf_us: time(reached.mtbf()),
        mttr_us: time(reached.mttr()),
        objectives: Some(reached.objectives.into()),
        availability_met: reached.availability_met(),
        rto_worst_us: time(reached.longest()),
        rto_met: reached.rto_met(),
        rpo_worst_us: time(reached.rpo()),
        rpo_met: reached.rpo_met(),
        rpo_sentence: reached.loss.sentence(),
        outages: reached.outages.iter().skip(skipped).map(outage).collect(),
    }
}

fn outage(outage: &Outage) -> v1::Outage {
    v1::Outage {
        began_at: Some(timestamp(outage.began_at)),
        ended_at: outage.ended_at.map(timestamp),
        observed_us: micros(outage.observed),
        planned: outage.planned,
        cause: outage.cause.clone(),
        recovery: outage.recovery.map(|id| id.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::super::tests::of_holder;
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_range_is_a_period_or_two_ends_and_ends_now_at_the_latest() {
        let now = at(10_000_000);
        let request = v1::GetAvailabilityRequest::default();
        let day = range(&request, now).unwrap();
        assert_eq!((now - day.from, day.until), (TimeDelta::days(1), now));
        let request = v1::GetAvailabilityRequest {
            from: Some(timestamp(at(5))),
            to: Some(timestamp(at(20_000_000))),
            ..request
        };
        let ends = Span {
            from: at(5),
            until: now,
        };
        assert_eq!(range(&request, now).unwrap(), ends);
        let both = v1::GetAvailabilityRequest {
            period: v1::Period::Day.into(),
            ..request.clone()
        };
        assert!(
            range(&both, now)
                .unwrap_err()
                .message()
                .contains("`period`")
        );
        let backwards = v1::GetAvailabilityRequest {
            to: Some(timestamp(at(4))),
            ..request
        };
        assert!(
            range(&backwards, now)
                .unwrap_err()
                .message()
                .contains("`from`")
        );
    }

    #[test]
    fn what_happened_elsewhere_may_not_be_asked_for() {
        let of = |cluster: Option<&str>, node: Option<&str>| {
            let asked = v1::ListHappeningsRequest {
                cluster: cluster.map(ToOwned::to_owned),
                node: node.map(ToOwned::to_owned),
                ..v1::ListHappeningsRequest::default()
            };
            filter(&of_holder(&["orders"], asked)).map(|filter| filter.of)
        };
        let orders = Scope::of(["orders".parse().unwrap()].into());
        for (cluster, node) in [
            (None, None),
            (Some("orders"), None),
            (None, Some("orders-1")),
        ] {
            assert_eq!(of(cluster, node).unwrap(), orders);
        }
        for (cluster, node) in [(Some("users"), None), (None, Some("users-1"))] {
            let refused = of(cluster, node).unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied);
        }
    }

    #[test]
    fn a_text_that_no_sentence_can_hold_is_refused() {
        assert_eq!(text("").unwrap(), None);
        assert_eq!(text("50%").unwrap().as_deref(), Some("50%"));
        assert!(text(&"x".repeat(TEXT_MAX + 1)).is_err());
        assert!(text("a\0").is_err());
    }
}
