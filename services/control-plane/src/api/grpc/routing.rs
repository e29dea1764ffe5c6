//! `RoutingService`: the table, and who is subscribed. The push itself is in
//! `push`.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use futures::stream;
use lictor_domain::{ClusterName, HostgroupId, Scope};
use lictor_wire::v1::routing_service_server::RoutingService;
use lictor_wire::v1::{self, SubscribeRequest, SubscribeResponse};
use lictor_wire::{WireError, micros, timestamp};
use tonic::{Request, Response, Status, Streaming};

use super::super::problem;
use super::{member, parse, scope};
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
        let scope = scope(&request)?;
        let request = request.get_ref();
        let (keyspaces, hostgroups) = (&request.keyspaces, &request.hostgroups);
        let filter = filter(&request.clusters, keyspaces, hostgroups, "", &scope)?;
        let table = self.app.hub.table().ok_or_else(problem::no_table)?;
        let table = filter.of_table(&table);
        let table = Some(Arc::unwrap_or_clone(table).into());
        Ok(Response::new(v1::GetTableResponse { table }))
    }

    async fn list_subscribers(
        &self,
        request: Request<v1::ListSubscribersRequest>,
    ) -> Result<Response<v1::ListSubscribersResponse>, Status> {
        let scope = scope(&request)?;
        let (mut subscribers, unheard) = member::subscribers_elsewhere(&self.app).await;
        subscribers.extend(subscribers_here(&self.app));
        subscribers.retain(|subscriber| is_within(subscriber, &scope));
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

/// Whether a subscriber has named clusters of these, and nothing else.
fn is_within(subscriber: &v1::Subscriber, scope: &Scope) -> bool {
    let Scope::Only(within) = scope else {
        return true;
    };
    let mut clusters = subscriber.clusters.iter();
    let more = !subscriber.keyspaces.is_empty() || !subscriber.hostgroups.is_empty();
    let named = !subscriber.clusters.is_empty() && !more;
    named && clusters.all(|name| within.iter().any(|it| it.as_str() == name))
}

/// A filter of these names within a scope; an error names the field, after `of`.
pub(super) fn filter(
    clusters: &[String],
    keyspaces: &[String],
    hostgroups: &[u32],
    of: &str,
    scope: &Scope,
) -> Result<Filter, Status> {
    let clusters: BTreeSet<ClusterName> = names(clusters, &format!("{of}clusters"))?;
    if let Some(outside) = clusters.iter().find(|name| !scope.has(name)) {
        return Err(problem::out_of_scope(outside));
    }
    Ok(Filter {
        within: scope.clusters().cloned().collect(),
        clusters,
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
    // One that names nothing gets all that it may have.
    let clusters = if filter.is_all() {
        filter.within
    } else {
        filter.clusters
    };
    v1::Subscriber {
        id: introduction.id,
        kind: kind.into(),
        version: introduction.version,
        address: introduction.address,
        clusters: clusters.into_iter().map(Into::into).collect(),
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

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn limited(clusters: &[&str]) -> Scope {
        Scope::of(clusters.iter().map(|name| name.parse().unwrap()).collect())
    }

    #[test]
    fn a_filter_stays_within_the_clusters_of_its_token() {
        let of = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            filter(&names, &[], &[], "", &limited(&["orders", "users"]))
        };
        let all = of(&[]).unwrap();
        assert_eq!((all.clusters.len(), all.within.len()), (0, 2));
        let one = of(&["users"]).unwrap();
        assert_eq!((one.clusters.len(), one.within.len()), (1, 2));
        let refused = of(&["users", "billing"]).unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(refused.message().contains("billing"), "{refused}");
    }

    #[test]
    fn a_subscriber_of_more_than_a_token_is_good_for_is_not_shown() {
        let scope = limited(&["orders"]);
        let of = |clusters: &[&str], keyspaces: &[&str]| v1::Subscriber {
            clusters: clusters.iter().map(ToString::to_string).collect(),
            keyspaces: keyspaces.iter().map(ToString::to_string).collect(),
            ..v1::Subscriber::default()
        };
        assert!(is_within(&of(&["orders"], &[]), &scope));
        for other in [
            of(&[], &[]),
            of(&["orders", "users"], &[]),
            of(&["orders"], &["shop"]),
        ] {
            assert!(!is_within(&other, &scope), "{other:?}");
            assert!(is_within(&other, &Scope::All));
        }
    }
}
