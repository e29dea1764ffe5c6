//! Events that are about nothing else here.

use lictor_wire::v1;

use crate::revision;

shown! {
    /// The first event of a stream, and of a new reign.
    pub struct WatchHello {
        /// Who tells.
        pub instance: String,
        /// Whether it leads.
        pub leader: bool,
        /// Whether all since the last event follows; otherwise everything is to be
        /// asked again.
        pub resumed: bool,
    }

    /// The routing table has another revision.
    pub struct RoutingChanged {
        /// That.
        pub revision: String,
    }

    /// How subscribers stand to the routing table.
    pub struct SubscriberCounts {
        /// How many there are.
        pub connected: u32,
        /// How many have not acknowledged what they were sent.
        pub behind: u32,
    }
}

impl From<v1::WatchHello> for WatchHello {
    fn from(hello: v1::WatchHello) -> Self {
        Self {
            instance: hello.instance,
            leader: hello.leader,
            resumed: hello.resumed,
        }
    }
}

impl From<v1::RoutingChanged> for RoutingChanged {
    fn from(changed: v1::RoutingChanged) -> Self {
        Self {
            revision: revision(&changed.revision.unwrap_or_default()),
        }
    }
}

impl From<v1::SubscriberCounts> for SubscriberCounts {
    fn from(counts: v1::SubscriberCounts) -> Self {
        Self {
            connected: counts.connected,
            behind: counts.behind,
        }
    }
}
