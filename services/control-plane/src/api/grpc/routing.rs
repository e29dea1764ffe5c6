//! `RoutingService`: the table, and who is subscribed. The push itself is in
//! `push`.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use futures::stream;
use lictor_domain::HostgroupId;
use lictor_wire::v1::routing_service_server::RoutingService;
use lictor_wire::v1::{self, SubscribeRequest, SubscribeResponse};
use lictor_wire::{WireError, micros, timestamp};
use tonic::{Request, Response, Status, Streaming};

use super::super::problem;
use super::{member, parse};
use crate::app::{App, Shared};
use crate::hub::{Filter, Subscriber, SubscriberKind};

/// Clusters in a filter, keyspaces, and hostgroups.
const FILTER_MAX: usize = 1000;

/// The service, but for the push.
pub(super) struct Api {
    app: Shared,
}

impl Api {
    pub(super) const fn new(app: Shared) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl RoutingService for Api {
    type SubscribeStream = stream::Empty<Result<SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        _: Request<Streaming<SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let sentence = "the push is served elsewhere, and its path never leads here";
        Err(Status::internal(sentence))
    }

    async fn get_table(
        &self,
        request: Request<v1::GetTableRequest>,
    ) -> Result<Response<v1::GetTableResponse>, Status> {
        let request = request.get_ref();
        let (keyspaces, hostgroups) = (&request.keyspaces, &request.hostgroups);
        let filter = filter(&request.clusters, keyspaces, hostgroups, "")?;
        let table = self.app.hub.table().ok_or_else(problem::no_table)?;
        let table = filter.of_table(&table);
        let table = Some(Arc::unwrap_or_clone(table).into());
        Ok(Response::new(v1::GetTableResponse { table }))
    }

    async fn list_subscribers(
        &self,
        _: Request<v1::ListSubscribersRequest>,
    ) -> Result<Response<v1::ListSubscribersResponse>, Status> {
        let (mut subscribers, unheard) = member::subscribers_elsewhere(&self.app).await;
        subscribers.extend(subscribers_here(&self.app));
        subscribers
            .sort_by(|one, other| (&one.id, &one.instance).cmp(&(&other.id, &other.instance)));
        Ok(Response::new(v1::ListSubscribersResponse {
            subscribers,
            unheard,
        }))
    }
}

/// Who is subscribed at this instance, in order of id.
pub(super) fn subscribers_here(app: &App) -> Vec<v1::Subscriber> {
    let here = |subscriber| v1::Subscriber {
        instance: app.instance.clone(),
        ..shown(subscriber)
    };
    app.hub.everyone().into_iter().map(here).collect()
}

/// A filter of these names; an error names the field, after `of`.
pub(super) fn filter(
    clusters: &[String],
    keyspaces: &[String],
    hostgroups: &[u32],
    of: &str,
) -> Result<Filter, Status> {
    Ok(Filter {
        clusters: names(clusters, &format!("{of}clusters"))?,
        keyspaces: names(keyspaces, &format!("{of}keyspaces"))?,
        hostgroups: {
            not_too_many(hostgroups, &format!("{of}hostgroups"))?;
            hostgroups.iter().copied().map(HostgroupId).collect()
        },
    })
}

pub(in crate::api) fn names<T>(names: &[String], field: &str) -> Result<BTreeSet<T>, Status>
where
    T: Ord + FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    not_too_many(names, field)?;
    let each = names.iter().enumerate();
    each.map(|(at, name)| parse(name, &format!("{field}[{at}]")))
        .collect()
}

fn not_too_many<T>(names: &[T], field: &str) -> Result<(), Status> {
    if names.len() > FILTER_MAX {
        let why = format!(
            "{} names, and {FILTER_MAX} at most are allowed",
            names.len()
        );
        return Err(problem::invalid(WireError::invalid(field, why)));
    }
    Ok(())
}

fn shown(subscriber: Subscriber) -> v1::Subscriber {
    let Subscriber {
        introduction,
        filter,
        connected_at,
        progress,
    } = subscriber;
    let kind = match introduction.kind {
        SubscriberKind::Client => v1::SubscriberKind::Client,
        SubscriberKind::Proxy => v1::SubscriberKind::Proxy,
        SubscriberKind::Cli => v1::SubscriberKind::Cli,
        SubscriberKind::Other => v1::SubscriberKind::Other,
        SubscriberKind::Lictord => v1::SubscriberKind::Lictord,
    };
    v1::Subscriber {
        id: introduction.id,
        kind: kind.into(),
        version: introduction.version,
        address: introduction.address,
        clusters: filter.clusters.into_iter().map(Into::into).collect(),
        keyspaces: filter.keyspaces.into_iter().map(Into::into).collect(),
        hostgroups: filter.hostgroups.into_iter().map(|id| id.0).collect(),
        pools: introduction.pools,
        connected_at: Some(timestamp(connected_at)),
        sent: progress.sent.map(Into::into),
        acked: progress.acked.map(Into::into),
        ack_delay_us: progress.ack_delay.map(micros),
        nacks: progress.nacks,
        last_nack: progress.last_nack.map(|nack| v1::Nack {
            revision: Some(nack.revision.into()),
            reason: nack.reason,
        }),
        instance: String::new(),
    }
}
