//! How the control plane stands.

use lictor_wire::v1;

use crate::{all, revision};

shown! {
    /// How an instance of the control plane stands.
    pub struct ControlPlane {
        /// Version of lictord.
        pub version: String,
        /// Name of the instance.
        pub instance: String,
        /// Whether it leads, with a lease that is valid now.
        pub leader: bool,
        /// Whether it is fit to serve, as `/readyz` says.
        pub ready: bool,
        /// The newest term it knows; 0 when there was none yet.
        pub term: u64,
        /// Since it started, in seconds.
        pub uptime_secs: u64,
        /// Times that the catalog in Consul was found to differ and was repaired.
        pub consul_drift: u64,
        /// The lease record in each store, as it sees it.
        pub leases: Vec<Lease>,
        /// Each store it depends on.
        pub stores: Vec<StoreState>,
        /// What there is to say about its state.
        pub sentences: Vec<String>,
        /// Every instance that is registered in Consul, in order of name; where
        /// Consul cannot be asked, those that were when it could.
        pub members: Vec<Member>,
    }

    /// One instance of the control plane: what it says of itself, or what Consul knows
    /// where it does not answer.
    pub struct Member {
        /// Its name.
        pub instance: String,
        /// Where it serves: host:port.
        pub address: String,
        /// Whether it leads; of one that does not answer, whether it is registered so.
        pub leader: bool,
        /// Whether it is fit to serve; null when unknown.
        pub ready: Option<bool>,
        /// How it stands.
        pub sentence: String,
        /// Whether it was asked itself just now, and answered. What follows is null
        /// where it was not.
        pub answers: bool,
        /// Version of its lictord.
        pub version: Option<String>,
        /// The newest term it knows.
        pub term: Option<u64>,
        /// Since it started, in seconds.
        pub uptime_secs: Option<u64>,
        /// How many are subscribed at it, those that relay not counted.
        pub subscribers: Option<u32>,
        /// How it stands to the leader's routing table; null for the leader.
        pub relay: Option<Relay>,
    }

    /// How an instance that relays stands to the leader's routing table.
    pub struct Relay {
        /// Whether what it holds is what the leader has, and the leader is heard.
        pub current: bool,
        /// The instance it hears the table from; null when it hears none.
        pub leader: Option<String>,
        /// The revision it holds; null when it has no table.
        pub held: Option<String>,
        /// The leader's newest revision, as far as it heard.
        pub head: Option<String>,
        /// How many revisions it is behind; null when that cannot be said.
        pub behind: Option<u64>,
        /// Since it heard the leader last, in microseconds.
        pub heard_us: Option<u64>,
    }

    /// The lease record in one store.
    pub struct Lease {
        /// Name of the store: `postgres` or `consul`.
        pub store: String,
        /// Instance that holds it; null when it is free or unknown.
        pub holder: Option<String>,
        /// URL at which that instance serves; empty when unknown.
        pub advertise: String,
        /// Its term.
        pub term: u64,
        /// Since it was last seen to change, in microseconds; null when the store
        /// was never read.
        pub age_us: Option<u64>,
    }

    /// One store.
    pub struct StoreState {
        /// Its name: `postgres` or `consul`.
        pub name: String,
        /// Whether it answered the last time it was asked.
        pub reachable: bool,
        /// How it stands.
        pub sentence: String,
    }
}

impl From<v1::GetStatusResponse> for ControlPlane {
    fn from(status: v1::GetStatusResponse) -> Self {
        Self {
            version: status.version,
            instance: status.instance,
            leader: status.leader,
            ready: status.ready,
            term: status.term,
            uptime_secs: status.uptime_secs,
            consul_drift: status.consul_drift,
            leases: all(status.leases),
            stores: all(status.stores),
            sentences: status.sentences,
            members: all(status.members),
        }
    }
}

impl From<v1::LeaseView> for Lease {
    fn from(lease: v1::LeaseView) -> Self {
        Self {
            store: lease.store,
            holder: lease.holder,
            advertise: lease.advertise,
            term: lease.term,
            age_us: lease.age_us,
        }
    }
}

impl From<v1::StoreView> for StoreState {
    fn from(store: v1::StoreView) -> Self {
        Self {
            name: store.name,
            reachable: store.reachable,
            sentence: store.sentence,
        }
    }
}

impl From<v1::Member> for Member {
    fn from(member: v1::Member) -> Self {
        Self {
            instance: member.instance,
            address: member.address,
            leader: member.leader,
            ready: member.ready,
            sentence: member.sentence,
            answers: member.answers,
            version: member.version,
            term: member.term,
            uptime_secs: member.uptime_secs,
            subscribers: member.subscribers,
            relay: member.relay.map(Into::into),
        }
    }
}

impl From<v1::RelayState> for Relay {
    fn from(relay: v1::RelayState) -> Self {
        Self {
            current: relay.current,
            leader: relay.leader,
            held: relay.held.as_ref().map(revision),
            head: relay.head.as_ref().map(revision),
            behind: relay.behind,
            heard_us: relay.heard_us,
        }
    }
}
