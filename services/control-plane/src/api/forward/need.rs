//! What a request needs: this instance, or the leader. What is not known to need
//! less changes something, which only the leader does.

use http::Method;

use super::super::rest;

/// What a request needs of the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It reads: where the leader is away, what Postgres knows is better than nothing.
    Read,
    /// It may change something, once.
    Change,
    /// It is told what the leader sees, as long as that leads.
    Live,
}

/// Where the services' methods are.
const PACKAGE: &str = "/lictor.v1.";
/// Services that every instance has for itself. An agent's lease is asked of the
/// leader itself: a way round would only take time off it.
const OWN: [&str; 3] = ["ControlPlaneService", "AgentService", "MemberService"];
/// What methods that only read are called, to begin with.
const READS: [&str; 5] = ["Get", "List", "Diff", "Test", "Resolve"];

/// Where every instance answers for itself under `/v1`.
const OWN_PATHS: [&str; 4] = [
    "/control-plane",
    "/problem-codes",
    "/session",
    "/subscribers",
];
/// What is posted there and changes nothing.
const READ_PATHS: [&str; 2] = ["/config/diff", "/rules/test"];
const EVENTS: &str = "/events";

/// What a request needs of the leader; `None` where every instance can answer it.
pub(super) fn of(method: &Method, path: &str) -> Option<Need> {
    if let Some(full) = path.strip_prefix(PACKAGE) {
        return of_grpc(full);
    }
    let under = path.strip_prefix(rest::ROOT)?;
    of_rest(method, under)
}

fn of_grpc(full: &str) -> Option<Need> {
    let (service, method) = full.split_once('/').unwrap_or((full, ""));
    let subscribers = ["Subscribe", "ListSubscribers"].contains(&method);
    let caller = (service, method) == ("TokenService", "GetCaller");
    if OWN.contains(&service) || caller || (service == "RoutingService" && subscribers) {
        return None;
    }
    if (service, method) == ("EventService", "Watch") {
        return Some(Need::Live);
    }
    let reads = READS.iter().any(|verb| method.starts_with(verb));
    Some(if reads { Need::Read } else { Need::Change })
}

fn of_rest(method: &Method, path: &str) -> Option<Need> {
    if OWN_PATHS.contains(&path) {
        return None;
    }
    let looks = matches!(*method, Method::GET | Method::HEAD);
    Some(match path {
        EVENTS if looks => Need::Live,
        _ if looks || READ_PATHS.contains(&path) => Need::Read,
        _ => Need::Change,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(method: &str, path: &str) -> Option<Need> {
        of(&method.parse().unwrap(), path)
    }

    #[test]
    fn whatever_may_change_something_needs_the_leader_and_is_never_answered_here() {
        for (method, path) in [
            ("POST", "/lictor.v1.ClusterService/PauseCluster"),
            ("POST", "/lictor.v1.ClusterService/FailoverCluster"),
            ("POST", "/lictor.v1.ConfigService/ApplyConfig"),
            ("POST", "/lictor.v1.Unheard/Of"),
            ("POST", "/lictor.v1."),
            ("POST", "/v1/clusters"),
            ("PATCH", "/v1/nodes/orders-1"),
            ("DELETE", "/v1/nodes/orders-1/maintenance"),
            ("POST", "/v1/unheard/of"),
        ] {
            assert_eq!(needed(method, path), Some(Need::Change), "{path}");
        }
    }

    #[test]
    fn what_reads_may_be_answered_by_postgres() {
        for (method, path) in [
            ("POST", "/lictor.v1.ClusterService/GetCluster"),
            ("POST", "/lictor.v1.ConfigService/DiffConfig"),
            ("POST", "/lictor.v1.HistoryService/ListAudit"),
            ("POST", "/lictor.v1.RoutingService/GetTable"),
            ("GET", "/v1/clusters"),
            ("HEAD", "/v1/clusters/orders"),
            ("POST", "/v1/config/diff"),
        ] {
            assert_eq!(needed(method, path), Some(Need::Read), "{path}");
        }
    }

    #[test]
    fn what_changes_is_told_as_long_as_the_leader_leads() {
        let watch = "/lictor.v1.EventService/Watch";
        assert_eq!(needed("POST", watch), Some(Need::Live));
        assert_eq!(needed("GET", "/v1/events"), Some(Need::Live));
    }

    #[test]
    fn every_instance_speaks_for_itself() {
        for (method, path) in [
            ("POST", "/lictor.v1.RoutingService/Subscribe"),
            ("POST", "/lictor.v1.RoutingService/ListSubscribers"),
            ("POST", "/lictor.v1.ControlPlaneService/GetStatus"),
            ("POST", "/lictor.v1.AgentService/Renew"),
            ("POST", "/lictor.v1.TokenService/GetCaller"),
            ("POST", "/v1/session"),
            ("POST", "/grpc.health.v1.Health/Check"),
            ("GET", "/v1/control-plane"),
            ("GET", "/readyz"),
            ("GET", "/metrics"),
            ("GET", "/openapi.json"),
            ("GET", "/"),
        ] {
            assert_eq!(needed(method, path), None, "{path}");
        }
    }
}
