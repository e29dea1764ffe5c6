//! The one table of what each role reaches, over every method of gRPC. A route of
//! REST asks for what its method asks for.
//!
//! What is not in here is reached by nobody.

use lictor_domain::access::Role;

use super::Identity;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    /// Nothing: anybody may.
    Open,
    /// A token, whatever it is for.
    Token,
    /// To receive routes.
    Route,
    /// To ask for the lease of a MySQL server.
    Lease,
    /// To see.
    Read,
    /// To order what keeps clusters writable.
    Operate,
    /// To change what is wanted, and who may do what.
    Administer,
    /// To be another instance.
    Member,
}

/// Every method, and what it asks for.
pub(crate) const METHODS: [(&str, Need); 49] = [
    ("AgentService/Renew", Need::Lease),
    ("ClusterService/AddCluster", Need::Administer),
    ("ClusterService/FailoverCluster", Need::Operate),
    ("ClusterService/GetCluster", Need::Read),
    ("ClusterService/GetConnections", Need::Read),
    ("ClusterService/ListClusters", Need::Read),
    ("ClusterService/PauseCluster", Need::Operate),
    ("ClusterService/ResumeCluster", Need::Operate),
    ("ClusterService/SwitchoverCluster", Need::Operate),
    ("ClusterService/UpdatePolicy", Need::Administer),
    ("ConfigService/ApplyConfig", Need::Administer),
    ("ConfigService/DiffConfig", Need::Read),
    ("ConfigService/GetConfig", Need::Read),
    ("ConfigService/ListConfigVersions", Need::Read),
    ("ConfigService/ResolveKey", Need::Route),
    ("ConfigService/RollbackConfig", Need::Administer),
    ("ConfigService/TestRule", Need::Read),
    ("ControlPlaneService/GetStatus", Need::Read),
    ("ControlPlaneService/ListProblemCodes", Need::Read),
    ("EventService/Watch", Need::Read),
    ("HistoryService/GetAvailability", Need::Read),
    ("HistoryService/ListAudit", Need::Read),
    ("HistoryService/ListHappenings", Need::Read),
    ("HistoryService/ListProblems", Need::Read),
    ("MemberService/GetMember", Need::Member),
    ("MemberService/ListMemberSubscribers", Need::Member),
    ("MemberService/NoteDenial", Need::Member),
    ("MemberService/ReadTokens", Need::Member),
    ("MemberService/Witness", Need::Member),
    ("NodeService/BeginMaintenance", Need::Operate),
    ("NodeService/EndMaintenance", Need::Operate),
    ("NodeService/GetNode", Need::Read),
    ("NodeService/GetNodeVariables", Need::Read),
    ("NodeService/ListNodes", Need::Read),
    ("NodeService/RebuildNode", Need::Operate),
    ("NodeService/RejoinNode", Need::Operate),
    ("NodeService/RepointNode", Need::Operate),
    ("NodeService/SetNode", Need::Administer),
    ("OperationService/GetOperation", Need::Read),
    ("OperationService/ListOperations", Need::Read),
    ("RecoveryService/GetRecovery", Need::Read),
    ("RecoveryService/ListRecoveries", Need::Read),
    ("RoutingService/GetTable", Need::Route),
    ("RoutingService/ListSubscribers", Need::Read),
    ("RoutingService/Subscribe", Need::Route),
    ("TokenService/CreateToken", Need::Administer),
    ("TokenService/GetCaller", Need::Token),
    ("TokenService/ListTokens", Need::Administer),
    ("TokenService/RevokeToken", Need::Administer),
];

impl Need {
    /// What the method asks for; `None` where there is no such method.
    pub(crate) fn of(method: &str) -> Option<Self> {
        let known = METHODS.iter().find(|(name, _)| *name == method);
        known.map(|(_, need)| *need)
    }

    /// Whether a token of this role is enough.
    pub(crate) const fn is_met_by(self, role: Role) -> bool {
        match self {
            Self::Open | Self::Token => true,
            Self::Route => !matches!(role, Role::Agent),
            Self::Lease => matches!(role, Role::Agent),
            Self::Read => matches!(role, Role::Viewer | Role::Operator | Role::Admin),
            Self::Operate => matches!(role, Role::Operator | Role::Admin),
            Self::Administer => matches!(role, Role::Admin),
            Self::Member => false,
        }
    }

    /// Whether that caller may.
    pub(crate) fn lets(self, identity: &Identity) -> bool {
        match identity {
            Identity::Holder(token) => self.is_met_by(token.role),
            Identity::Member => matches!(self, Self::Open | Self::Route | Self::Member),
        }
    }

    /// What it takes, as a sentence's end.
    pub(crate) const fn wants(self) -> &'static str {
        match self {
            Self::Open => "nothing",
            Self::Token => "a token",
            Self::Route => "a token of the role subscriber, viewer, operator or admin",
            Self::Lease => "a token of the role agent",
            Self::Read => "a token of the role viewer, operator or admin",
            Self::Operate => "a token of the role operator or admin",
            Self::Administer => "a token of the role admin",
            Self::Member => "another instance of this control plane",
        }
    }
}
