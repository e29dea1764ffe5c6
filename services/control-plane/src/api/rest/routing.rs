//! What is routed where, who is told, and where keys and statements go.

use axum::Json;
use axum::extract::State;
use lictor_view::{Resolution, RoutingTable, Subscriber, SubscriberPage};
use lictor_wire::v1;
use lictor_wire::v1::config_service_server::ConfigService;
use lictor_wire::v1::routing_service_server::RoutingService;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::super::problem;
use super::Answer;
use super::caller::Caller;
use super::extract::{Path, Query};
use super::page::Limit;
use super::refusal::Refusal;
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(get_table))
        .routes(routes!(list_subscribers))
        .routes(routes!(resolve_key))
}

/// Which part of the table is asked for; all of it when nothing is named.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Part {
    /// This cluster; may come again.
    #[serde(default)]
    cluster: Vec<String>,
    /// This keyspace, and the clusters that hold its shards; may come again.
    #[serde(default)]
    keyspace: Vec<String>,
    /// This hostgroup, and the clusters that fill it; may come again.
    #[serde(default)]
    hostgroup: Vec<u32>,
}

/// The routing table.
#[utoipa::path(
    get, path = "/routing", tag = "Routing", params(Part),
    responses((status = 200, body = RoutingTable, description = "It"), Refusal),
    extensions(("x-grpc-method" = json!("RoutingService/GetTable"))),
)]
async fn get_table(
    State(app): State<Shared>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Answer<RoutingTable> {
    let request = caller.asks(v1::GetTableRequest {
        clusters: part.cluster,
        keyspaces: part.keyspace,
        hostgroups: part.hostgroup,
    });
    let response = grpc::routing(&app).get_table(request).await?;
    let table = response.into_inner().table.unwrap_or_default();
    let table = lictor_domain::RoutingTable::try_from(table);
    let table = table.map_err(|error| problem::broken_off(&error))?;
    Ok(Json((&table).into()))
}

/// Which subscribers are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// How many at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Those after this id: `next` of the page before.
    after: Option<String>,
}

/// Subscribers at every instance, in order of id.
#[utoipa::path(
    get, path = "/subscribers", tag = "Routing", params(Asked),
    responses((status = 200, body = SubscriberPage, description = "A page of them"), Refusal),
    extensions(("x-grpc-method" = json!("RoutingService/ListSubscribers"))),
)]
async fn list_subscribers(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<SubscriberPage> {
    let request = caller.asks(v1::ListSubscribersRequest {});
    let response = grpc::routing(&app).list_subscribers(request).await?;
    let v1::ListSubscribersResponse {
        subscribers: mut all,
        unheard,
    } = response.into_inner();
    all.retain(|one| asked.after.as_ref().is_none_or(|after| one.id > *after));
    all.sort_by(|one, other| one.id.cmp(&other.id));
    let all = all.into_iter().map(Subscriber::from);
    let (items, next) = asked.limit.page(all, |last| last.id.clone());
    Ok(Json(SubscriberPage {
        items,
        next,
        unheard,
    }))
}

/// A key of a keyspace.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Key {
    /// The key as text: a number, a UUID, a string; bytes also as hexadecimal digits
    /// after `0x`.
    key: String,
}

/// Where a key lives.
#[utoipa::path(
    get, path = "/keyspaces/{keyspace}/resolve", tag = "Routing",
    params(("keyspace" = String, Path, description = "Its name"), Key),
    responses((status = 200, body = Resolution, description = "Its shard"), Refusal),
    extensions(("x-grpc-method" = json!("ConfigService/ResolveKey"))),
)]
async fn resolve_key(
    State(app): State<Shared>,
    caller: Caller,
    Path(keyspace): Path<String>,
    Query(Key { key }): Query<Key>,
) -> Answer<Resolution> {
    let request = caller.asks(v1::ResolveKeyRequest {
        keyspace: keyspace.clone(),
        key: key.clone(),
    });
    let response = grpc::config(&app).resolve_key(request).await?;
    let found = Resolution::new(keyspace, key, response.into_inner());
    Ok(Json(found.map_err(|error| problem::broken_off(&error))?))
}
