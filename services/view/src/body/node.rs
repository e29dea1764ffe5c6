//! Orders about nodes.

use lictor_wire::v1;

use crate::node::PromotionRule;

bodies! {
    /// How a node is let back.
    pub struct RejoinRequest {
        /// Commit an empty transaction on the primary for each that only this node
        /// holds, so that the GTID sets agree.
        #[serde(default)]
        pub inject_empty: bool,
        /// With `inject_empty`: the GTID set that the operator was shown, needed
        /// unless `dry_run` is set. When it is not what the node holds now, nothing
        /// is done.
        pub errant: Option<String>,
        /// Only say what would be done.
        #[serde(default)]
        pub dry_run: bool,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }

    /// How a node's data is replaced by a copy of a donor's.
    pub struct RebuildRequest {
        /// Whose data it shall get; the best there is when it is not said.
        #[schema(max_length = 63, pattern = "^([a-z]([a-z0-9-]*[a-z0-9])?)?$")]
        pub donor: Option<String>,
        /// Also when it is not quarantined: what only it holds is lost.
        #[serde(default)]
        pub force: bool,
        /// Only say what would be done.
        #[serde(default)]
        pub dry_run: bool,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }

    /// Whom a node is to follow.
    pub struct RepointRequest {
        /// Name of that node; empty for the primary, whoever that is.
        #[schema(max_length = 63, pattern = "^([a-z]([a-z0-9-]*[a-z0-9])?)?$")]
        pub source: String,
        /// Only say what would be done.
        #[serde(default)]
        pub dry_run: bool,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }

    /// For how long somebody works on a node.
    pub struct MaintenanceRequest {
        /// Who works on it; the caller when it is not said.
        #[schema(max_length = 128, pattern = r"^[^\u0000]*$")]
        pub owner: Option<String>,
        /// Why.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
        /// For how long, in seconds: at most 30 days.
        #[schema(minimum = 1, maximum = 2_592_000)]
        pub for_secs: u64,
    }

    /// Why a maintenance ends before its time.
    pub struct MaintenanceEndRequest {
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }

    /// What changes of a node: its promotion rule, where it stands, or both.
    pub struct NodeChangeFields {
        /// How gladly it is made primary.
        pub promotion: Option<PromotionRule>,
        /// For how long a `promotion` that is not neutral holds, in seconds: at most
        /// 30 days; it lasts when it is not said.
        #[schema(minimum = 1, maximum = 2_592_000)]
        pub promotion_for_secs: Option<u64>,
        /// Where it stands, such as an availability zone: a DNS label; empty for
        /// nowhere.
        #[schema(max_length = 63, pattern = "^([a-z]([a-z0-9-]*[a-z0-9])?)?$")]
        pub zone: Option<String>,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }
}

alternatives! {
    /// What changes of a node: its promotion rule, where it stands, or both.
    pub struct NodeChange(NodeChangeFields): AnyOfBuilder [
        ("promotion", String),
        ("zone", String),
    ];
}

impl RejoinRequest {
    /// As the service is asked, of that node.
    #[must_use]
    pub fn message(self, node: String) -> v1::RejoinNodeRequest {
        v1::RejoinNodeRequest {
            node,
            inject_empty: self.inject_empty,
            errant: self.errant.unwrap_or_default(),
            dry_run: self.dry_run,
            reason: self.reason,
        }
    }
}

impl RebuildRequest {
    /// As the service is asked, of that node.
    #[must_use]
    pub fn message(self, node: String) -> v1::RebuildNodeRequest {
        v1::RebuildNodeRequest {
            node,
            donor: self.donor.unwrap_or_default(),
            force: self.force,
            dry_run: self.dry_run,
            reason: self.reason,
        }
    }
}

impl RepointRequest {
    /// As the service is asked, of that node.
    #[must_use]
    pub fn message(self, node: String) -> v1::RepointNodeRequest {
        v1::RepointNodeRequest {
            node,
            source: self.source,
            dry_run: self.dry_run,
            reason: self.reason,
        }
    }
}

impl MaintenanceRequest {
    /// As the service is asked, of that node.
    #[must_use]
    pub fn message(self, node: String) -> v1::BeginMaintenanceRequest {
        v1::BeginMaintenanceRequest {
            node,
            owner: self.owner.unwrap_or_default(),
            reason: self.reason,
            for_secs: self.for_secs,
        }
    }
}

impl MaintenanceEndRequest {
    /// As the service is asked, of that node.
    #[must_use]
    pub fn message(self, node: String) -> v1::EndMaintenanceRequest {
        v1::EndMaintenanceRequest {
            node,
            reason: self.reason,
        }
    }
}

impl NodeChange {
    /// As the service is asked, of that node.
    #[must_use]
    pub fn message(self, node: String) -> v1::SetNodeRequest {
        let Self(fields) = self;
        let promotion = fields.promotion.map(v1::PromotionRule::from);
        v1::SetNodeRequest {
            node,
            promotion: promotion.unwrap_or_default().into(),
            promotion_for_secs: fields.promotion_for_secs,
            zone: fields.zone,
            reason: fields.reason,
        }
    }
}
