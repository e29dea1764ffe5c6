//! What happened, what is wrong now, and who did what.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use lictor_view::{
    AuditOutcome, AuditPage, AuditRecord, ClusterProblemList, Happening, HappeningKind,
    HappeningPage, Severity,
};
use lictor_wire::v1::history_service_server::HistoryService;
use lictor_wire::{WireError, v1};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::super::problem;
use super::caller::Caller;
use super::extract::{Query, said};
use super::moment::Moment;
use super::page::Limit;
use super::refusal::Refusal;
use super::{Answer, csv};
use crate::app::Shared;

/// Happenings in a file, at most.
const EXPORTED: usize = 10_000;
/// And at a time.
const CHUNK: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_happenings))
        .routes(routes!(export_happenings))
        .routes(routes!(list_problems))
        .routes(routes!(list_audit))
}

/// Which happenings are asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only those of this cluster.
    cluster: Option<String>,
    /// Only those of this node.
    node: Option<String>,
    /// Only those of this kind; may come again.
    #[serde(default)]
    #[param(inline)]
    kind: Vec<HappeningKind>,
    /// Only those with this code.
    code: Option<String>,
    /// Only those of this severity.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    severity: Option<Severity>,
    /// Only those with this in the sentence, the code, the cluster or the node.
    #[serde(default)]
    q: String,
    /// Only those not before.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    from: Option<Moment>,
    /// Only those before.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    to: Option<Moment>,
    /// How many at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Those older than the one of this id: `next` of the page before.
    #[serde(default, deserialize_with = "said")]
    after: Option<i64>,
}

impl Asked {
    fn message(self, limit: u32) -> v1::ListHappeningsRequest {
        let kinds = self.kind.into_iter().map(v1::HappeningKind::from);
        v1::ListHappeningsRequest {
            cluster: self.cluster,
            node: self.node,
            kinds: kinds.map(i32::from).collect(),
            code: self.code,
            severity: grave(self.severity),
            text: self.q,
            from: self.from.map(Moment::message),
            to: self.to.map(Moment::message),
            limit,
            before: self.after,
        }
    }
}

fn grave(least: Option<Severity>) -> i32 {
    least.map(v1::Severity::from).unwrap_or_default().into()
}

/// What the service says makes sense; when it does not that is a defect.
pub(super) fn read<M, V: TryFrom<M, Error = WireError>>(said: M) -> Result<V, Refusal> {
    said.try_into()
        .map_err(|error: WireError| problem::broken_off(&error).into())
}

async fn happenings(
    app: &Shared,
    caller: &Caller,
    asked: v1::ListHappeningsRequest,
) -> Result<Vec<Happening>, Refusal> {
    let response = grpc::history(app)
        .list_happenings(caller.asks(asked))
        .await?;
    let said = response.into_inner().happenings.into_iter();
    said.map(read).collect()
}

/// What happened, the newest first.
#[utoipa::path(
    get, path = "/history", tag = "History", params(Asked),
    responses((status = 200, body = HappeningPage, description = "A page of it"), Refusal),
    extensions(("x-grpc-method" = json!("HistoryService/ListHappenings"))),
)]
async fn list_happenings(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<HappeningPage> {
    let limit = asked.limit;
    let all = happenings(&app, &caller, asked.message(limit.and_one())).await?;
    let (items, next) = limit.page(all, |last| last.id.to_string());
    Ok(Json(HappeningPage { items, next }))
}

/// What happened as a CSV file: the newest 10,000, whatever `limit` says.
#[utoipa::path(
    get, path = "/history.csv", tag = "History", params(Asked),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file"),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("HistoryService/ListHappenings"))),
)]
async fn export_happenings(
    State(app): State<Shared>,
    caller: Caller,
    Query(mut asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let mut all: Vec<Happening> = vec![];
    while all.len() < EXPORTED {
        let some = happenings(&app, &caller, asked.clone().message(CHUNK)).await?;
        let Some(last) = some.last() else { break };
        asked.after = Some(last.id);
        all.extend(some);
    }
    all.truncate(EXPORTED);
    let header = [
        "at", "cluster", "node", "kind", "code", "severity", "sentence", "evidence", "recovery",
        "planned",
    ];
    let rows = all.into_iter().map(|it| {
        [
            it.at.to_string(),
            it.cluster,
            csv::known(it.node),
            it.kind.to_string(),
            it.code,
            it.severity.to_string(),
            it.sentence,
            it.evidence.join("; "),
            csv::known(it.recovery),
            it.planned.to_string(),
        ]
    });
    csv::file("lictor-history.csv", header, rows)
}

/// Which problems are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wrong {
    /// Only those of this cluster.
    cluster: Option<String>,
    /// Only those of this severity.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    severity: Option<Severity>,
    /// Only those with this in the sentence, the code, the cluster or the node.
    #[serde(default)]
    q: String,
}

/// What is wrong now in any cluster, the gravest first.
#[utoipa::path(
    get, path = "/problems", tag = "Problems", params(Wrong),
    responses((status = 200, body = ClusterProblemList, description = "All of it"), Refusal),
    extensions(("x-grpc-method" = json!("HistoryService/ListProblems"))),
)]
async fn list_problems(
    State(app): State<Shared>,
    caller: Caller,
    Query(wrong): Query<Wrong>,
) -> Answer<ClusterProblemList> {
    let request = caller.asks(v1::ListProblemsRequest {
        cluster: wrong.cluster,
        severity: grave(wrong.severity),
        text: wrong.q,
    });
    let response = grpc::history(&app).list_problems(request).await?;
    let items = response.into_inner().problems.into_iter();
    let items = items.map(Into::into).collect();
    Ok(Json(ClusterProblemList { items }))
}

/// Which records are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Done {
    /// Only what this one did.
    actor: Option<String>,
    /// Only this action, such as `cluster.set`.
    action: Option<String>,
    /// Only what was done to this.
    target: Option<String>,
    /// Only those with this outcome.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    outcome: Option<AuditOutcome>,
    /// Only those with this in any text.
    #[serde(default)]
    q: String,
    /// How many at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Those older than the one of this id: `next` of the page before.
    #[serde(default, deserialize_with = "said")]
    after: Option<i64>,
}

/// Who did what, and how it ended, the newest first.
#[utoipa::path(
    get, path = "/audit", tag = "History", params(Done),
    responses((status = 200, body = AuditPage, description = "A page of it"), Refusal),
    extensions(("x-grpc-method" = json!("HistoryService/ListAudit"))),
)]
async fn list_audit(
    State(app): State<Shared>,
    caller: Caller,
    Query(done): Query<Done>,
) -> Answer<AuditPage> {
    let limit = done.limit;
    let outcome = done.outcome.map(v1::AuditOutcome::from);
    let request = caller.asks(v1::ListAuditRequest {
        actor: done.actor,
        action: done.action,
        target: done.target,
        outcome: outcome.unwrap_or_default().into(),
        text: done.q,
        limit: limit.and_one(),
        before: done.after,
    });
    let response = grpc::history(&app).list_audit(request).await?;
    let records = response.into_inner().records.into_iter();
    let records: Vec<AuditRecord> = records.map(read).collect::<Result<_, _>>()?;
    let (items, next) = limit.page(records, |last| last.id.to_string());
    Ok(Json(AuditPage { items, next }))
}
