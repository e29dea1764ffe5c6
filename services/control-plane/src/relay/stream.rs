//! One subscription to a leader.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::{ClusterName, Hints, Revision, RoutingTable};
use lictor_engine::leadership::LeaderSeen;
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use lictor_wire::v1::subscribe_request::Message as Say;
use lictor_wire::v1::subscribe_response::Message;
use lictor_wire::v1::{self, SubscribeRequest};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::{Heard, SILENCE};
use crate::app::App;
use crate::clock;
use crate::hub::Behind;
use crate::members;

/// Bytes of a table at most.
const TABLE_MAX: usize = 256 * 1024 * 1024;
/// What is said to the leader and was not sent yet.
const UNSENT: usize = 16;
/// How long its own subscribers are waited for, as any others are.
const ANSWERED: Duration = Duration::from_secs(1);
/// How often it is looked who they are.
const BEHIND_EVERY: Duration = Duration::from_millis(250);

/// Relays the leader's table for as long as that can be heard; why it cannot.
pub(super) async fn follow(app: &App, leader: &LeaderSeen) -> String {
    match relay(app, leader).await {
        Ok(()) => "it ended the stream".to_owned(),
        Err(why) => why,
    }
}

async fn relay(app: &App, leader: &LeaderSeen) -> Result<(), String> {
    let channel = members::connect(app, &leader.advertise).await;
    let channel = channel.map_err(|error| error.to_string())?;
    let client = RoutingServiceClient::new(channel);
    let mut client = client.max_decoding_message_size(TABLE_MAX);
    let (says, said) = mpsc::channel(UNSENT);
    say(&says, Say::Hello(hello(app))).await;
    let opened = tokio::time::timeout(SILENCE, client.subscribe(ReceiverStream::new(said)));
    let opened = opened
        .await
        .map_err(|_| "it does not answer".to_owned())?
        .map_err(|status| status.message().to_owned())?;
    let mut stream = opened.into_inner();
    let (adopted, to_answer) = watch::channel(None);
    let hearing = async {
        loop {
            let next = tokio::time::timeout(SILENCE, stream.message()).await;
            let next = next.map_err(|_| "it is silent".to_owned())?;
            let next = next.map_err(|status| status.message().to_owned())?;
            let Some(message) = next.and_then(|response| response.message) else {
                return Ok(());
            };
            take_in(app, leader, message, &says, &adopted).await?;
        }
    };
    tokio::select! {
        heard = hearing => heard,
        () = answer(app, &says, to_answer) => Ok(()),
    }
}

fn hello(app: &App) -> v1::Hello {
    v1::Hello {
        id: app.instance.clone(),
        kind: v1::SubscriberKind::Lictord.into(),
        version: concat!("lictord/", env!("CARGO_PKG_VERSION")).to_owned(),
        last_revision: app.hub.revision().map(Into::into),
        hints: true,
        ..v1::Hello::default()
    }
}

async fn say(says: &mpsc::Sender<SubscribeRequest>, message: Say) {
    let message = Some(message);
    // Who does not listen any more ends the stream as well.
    let _ = says.send(SubscribeRequest { message }).await;
}

async fn take_in(
    app: &App,
    leader: &LeaderSeen,
    message: Message,
    says: &mpsc::Sender<SubscribeRequest>,
    adopted: &watch::Sender<Option<Revision>>,
) -> Result<(), String> {
    let table = match message {
        Message::Head(head) => {
            app.relay.hears(head.revision.map(|newest| Heard {
                leader: leader.holder.clone(),
                newest: newest.into(),
                at: clock::mono(),
            }));
            return Ok(());
        }
        Message::Hints(hints) => {
            let hints = Hints::try_from(hints).map_err(|error| error.to_string())?;
            app.hub.hint(&by_cluster(hints));
            return Ok(());
        }
        Message::Snapshot(table) => {
            let table = RoutingTable::try_from(table);
            Ok(table.map_err(|error| error.to_string())?)
        }
        Message::Delta(delta) => {
            let delta = lictor_domain::RoutingDelta::try_from(delta);
            let delta = delta.map_err(|error| error.to_string())?;
            let to = delta.to;
            let mut table = app.hub.table().unwrap_or_default();
            let applied = std::sync::Arc::make_mut(&mut table).apply(delta);
            let table = std::sync::Arc::unwrap_or_clone(table);
            applied
                .map(|()| table)
                .map_err(|error| (to, error.to_string()))
        }
    };
    let refused = match table {
        Ok(table) => {
            let offered = table.revision;
            if app.hub.adopt(table).revision == offered {
                adopted.send_replace(Some(offered));
                return Ok(());
            }
            (offered, "it does not follow what is held here".to_owned())
        }
        Err(refused) => refused,
    };
    let (revision, reason) = refused;
    let revision = Some(revision.into());
    say(says, Say::Nack(v1::Nack { revision, reason })).await;
    Ok(())
}

/// Tells the leader what its own subscribers answered, and who they are. Never
/// returns.
async fn answer(
    app: &App,
    says: &mpsc::Sender<SubscribeRequest>,
    mut adopted: watch::Receiver<Option<Revision>>,
) {
    let (mut told, mut answered, mut late) = (None, None, 0);
    loop {
        let behind = app.hub.behind();
        let newest = *adopted.borrow_and_update();
        if newest > answered
            && let Some(revision) = newest
        {
            let acks = app.hub.acknowledged_by_all(revision, ANSWERED).await;
            (answered, late) = (newest, acks.of.saturating_sub(acks.acked));
        }
        let tells = Some((answered, behind));
        if tells != told {
            told = tells;
            if let Some((revision, behind)) = &told {
                say(says, Say::Relayed(relayed(*revision, behind, late))).await;
            }
        }
        tokio::select! {
            _ = adopted.changed() => {}
            () = tokio::time::sleep(BEHIND_EVERY) => {}
        }
    }
}

fn relayed(revision: Option<Revision>, behind: &Behind, late: u32) -> v1::Relayed {
    let clusters = behind
        .clusters
        .iter()
        .map(|(name, share)| v1::relayed::Cluster {
            name: name.to_string(),
            subscribers: share.subscribers,
            pools: share.pools,
        });
    v1::Relayed {
        revision: revision.map(Into::into),
        subscribers: behind.subscribers,
        late,
        clusters: clusters.collect(),
    }
}

fn by_cluster(hints: Hints) -> BTreeMap<ClusterName, Hints> {
    let mut clusters: BTreeMap<ClusterName, Hints> = BTreeMap::new();
    for (node, hint) in hints.nodes {
        if let Some(cluster) = node.cluster() {
            let of_cluster = clusters.entry(cluster).or_default();
            of_cluster.nodes.insert(node, hint);
        }
    }
    clusters
}
