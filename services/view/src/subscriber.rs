//! Who receives the routing table.

use lictor_wire::v1;

use crate::revision;
use crate::time::At;

words! {
    /// What kind of subscriber it is.
    SubscriberKind from SubscriberKind {
        /// An application through a client library.
        Client = "client",
        /// A proxy, or what configures one.
        Proxy = "proxy",
        /// The command line.
        Cli = "cli",
        /// Anything else.
        Other = "other",
        /// Another instance of the control plane, which relays to its own subscribers.
        Lictord = "lictord",
    }
}

shown! {
    /// One subscriber, connected now. Without any cluster, keyspace and hostgroup it
    /// is sent everything.
    pub struct Subscriber {
        /// Its name.
        pub id: String,
        /// What kind it is.
        pub kind: SubscriberKind,
        /// Its software's name and version.
        pub version: String,
        /// Where it connects from.
        pub address: String,
        /// The instance it is subscribed at.
        pub instance: String,
        /// Only these clusters.
        pub clusters: Vec<String>,
        /// Only these keyspaces, and the clusters that hold their shards.
        pub keyspaces: Vec<String>,
        /// Only these hostgroups, the clusters that fill them, and the query rules.
        pub hostgroups: Vec<u32>,
        /// How many pools of connections it keeps to each node.
        pub pools: u32,
        /// When it connected.
        pub connected_at: Option<At>,
        /// The revision it was last sent; null when nothing yet.
        pub sent: Option<String>,
        /// The revision it last acknowledged; null when nothing yet.
        pub acked: Option<String>,
        /// From sending a revision to its acknowledgement, the last time, in
        /// microseconds.
        pub ack_delay_us: Option<u64>,
        /// Revisions it refused since it connected.
        pub nacks: u64,
        /// The last one it refused.
        pub last_nack: Option<Nack>,
        /// Whether it has not acknowledged what it was last sent.
        pub behind: bool,
    }

    /// A page of subscribers, in order of id.
    pub struct SubscriberPage {
        /// What is on it, in the list's order.
        pub items: Vec<Subscriber>,
        /// What to give as `after` for the next page; null at the end.
        pub next: Option<String>,
        /// Whose subscribers nobody knows now, a sentence for each.
        pub unheard: Vec<String>,
    }

    /// A revision that was refused.
    pub struct Nack {
        /// The revision; null when it did not say.
        pub revision: Option<String>,
        /// Why.
        pub reason: String,
    }
}

impl From<v1::Subscriber> for Subscriber {
    fn from(subscriber: v1::Subscriber) -> Self {
        let sent = subscriber.sent.as_ref().map(revision);
        let acked = subscriber.acked.as_ref().map(revision);
        Self {
            id: subscriber.id,
            kind: SubscriberKind::read(subscriber.kind),
            version: subscriber.version,
            address: subscriber.address,
            instance: subscriber.instance,
            clusters: subscriber.clusters,
            keyspaces: subscriber.keyspaces,
            hostgroups: subscriber.hostgroups,
            pools: subscriber.pools,
            connected_at: At::read(subscriber.connected_at.as_ref()),
            behind: sent != acked,
            sent,
            acked,
            ack_delay_us: subscriber.ack_delay_us,
            nacks: subscriber.nacks,
            last_nack: subscriber.last_nack.map(|nack| Nack {
                revision: nack.revision.as_ref().map(revision),
                reason: nack.reason,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_not_acknowledged_what_it_was_sent_is_behind() {
        let behind = |sent: Option<u64>, acked: Option<u64>| {
            let revision = |n| v1::Revision { term: 1, n };
            Subscriber::from(v1::Subscriber {
                sent: sent.map(revision),
                acked: acked.map(revision),
                ..v1::Subscriber::default()
            })
            .behind
        };
        assert!(!behind(None, None));
        assert!(behind(Some(1), None));
        assert!(behind(Some(2), Some(1)));
        assert!(!behind(Some(2), Some(2)));
    }
}
