//! Orders about clusters.

use lictor_wire::v1;

use super::policy::PolicyChange;

words! {
    /// What is done about transactions that have been open for long on the primary.
    LongTransactions from LongTransactions {
        /// They are waited for, up to a minute, before anybody has to hold.
        Wait = "wait",
        /// Their sessions are ended.
        Kill = "kill",
        /// There is no switchover while there are any.
        Refuse = "refuse",
    }
}

bodies! {
    /// A cluster to add, or to bring up to date.
    pub struct AddClusterRequest {
        /// Its name: a DNS label of at most 48 characters; apps find it as
        /// `primary.<name>.service.consul`.
        #[schema(max_length = 48, pattern = "^[a-z]([a-z0-9-]*[a-z0-9])?$")]
        pub name: String,
        /// Address of any one of its nodes, `host:port`.
        #[schema(
            max_length = 261,
            pattern = r"^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{1,64}\]):([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
        )]
        pub seed: String,
        /// What differs from the default policy; for a known cluster, from its own.
        #[serde(default)]
        pub policy: PolicyChange,
    }

    /// Why and for how long nothing is to be done in a cluster by itself.
    pub struct PauseRequest {
        /// Who wants it; the caller when it is not said.
        #[schema(max_length = 128, pattern = r"^[^\u0000]*$")]
        pub owner: Option<String>,
        /// Why, for those who see it.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
        /// For how long, in seconds: at most 30 days; until it is resumed when it is
        /// not said.
        #[schema(minimum = 1, maximum = 2_592_000)]
        pub for_secs: Option<u64>,
    }

    /// Why a pause ends.
    pub struct ResumeRequest {
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }

    /// Who is to be the primary while the old one lives, and at what price.
    pub struct SwitchoverRequest {
        /// Name of the node to be made primary; Lictor elects one when it is not
        /// said.
        #[schema(max_length = 63, pattern = "^[a-z]([a-z0-9-]*[a-z0-9])?$")]
        pub to: Option<String>,
        /// Only say what would be found.
        #[serde(default)]
        pub dry_run: bool,
        /// For how long nobody may be able to write, in microseconds: from 50 ms to
        /// 1 min; 1 s when it is not said. When the new primary is not open by then,
        /// everything is undone.
        #[schema(minimum = 50_000, maximum = 60_000_000)]
        pub pause_us: Option<u64>,
        /// What is done about long transactions; `wait` when it is not said.
        pub long_transactions: Option<LongTransactions>,
        /// From this age on a transaction is long, in seconds: at most a day; 1 when
        /// it is not said.
        #[schema(minimum = 0, maximum = 86_400)]
        pub older_than_secs: Option<u64>,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*$")]
        pub reason: Option<String>,
    }

    /// Who is to be the primary although the old one cannot help, and at what price.
    pub struct FailoverRequest {
        /// Name of the replica to be made primary; Lictor elects one when it is not
        /// said.
        #[schema(max_length = 63, pattern = "^[a-z]([a-z0-9-]*[a-z0-9])?$")]
        pub to: Option<String>,
        /// Go on without a proof of fencing, and with a replica that may lack
        /// something or, where `to` names it, lacks something.
        #[serde(default)]
        pub force: bool,
        /// Only say what would be found.
        #[serde(default)]
        pub dry_run: bool,
        /// Why, for the history.
        #[schema(max_length = 500, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
        pub reason: String,
    }
}

impl AddClusterRequest {
    /// As the service is asked.
    #[must_use]
    pub fn message(self) -> v1::AddClusterRequest {
        v1::AddClusterRequest {
            name: self.name,
            seed: self.seed,
            policy: Some(self.policy.message()),
        }
    }
}

impl PauseRequest {
    /// As the service is asked, of that cluster.
    #[must_use]
    pub fn message(self, cluster: String) -> v1::PauseClusterRequest {
        v1::PauseClusterRequest {
            name: cluster,
            owner: self.owner.unwrap_or_default(),
            reason: self.reason,
            for_secs: self.for_secs,
        }
    }
}

impl ResumeRequest {
    /// As the service is asked, of that cluster.
    #[must_use]
    pub fn message(self, cluster: String) -> v1::ResumeClusterRequest {
        v1::ResumeClusterRequest {
            name: cluster,
            reason: self.reason,
        }
    }
}

impl SwitchoverRequest {
    /// As the service is asked, of that cluster.
    #[must_use]
    pub fn message(self, cluster: String) -> v1::SwitchoverClusterRequest {
        let transactions = self.long_transactions.map(v1::LongTransactions::from);
        v1::SwitchoverClusterRequest {
            name: cluster,
            to: self.to,
            dry_run: self.dry_run,
            pause_us: self.pause_us,
            long_transactions: transactions.unwrap_or_default().into(),
            older_than_secs: self.older_than_secs,
            reason: self.reason,
        }
    }
}

impl FailoverRequest {
    /// As the service is asked, of that cluster.
    #[must_use]
    pub fn message(self, cluster: String) -> v1::FailoverClusterRequest {
        v1::FailoverClusterRequest {
            name: cluster,
            to: self.to,
            force: self.force,
            dry_run: self.dry_run,
            reason: self.reason,
        }
    }
}
