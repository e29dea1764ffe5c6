use std::collections::BTreeSet;

use axum::Router;
use chrono::{TimeDelta, Utc};
use http::header::COOKIE;
use http::{Request as HttpRequest, StatusCode};
use lictor_domain::access::{Revoked, Role};
use lictor_wire::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::FileDescriptorSet;
use tower::ServiceExt;

use super::super::tests::whole;
use super::*;
use crate::access::METHODS;
use crate::members;

/// What each kind of caller reaches, method by method, said a second time.
const SUBSCRIBER: [&str; 4] = [
    "ConfigService/ResolveKey",
    "RoutingService/GetTable",
    "RoutingService/Subscribe",
    "TokenService/GetCaller",
];
const AGENT: [&str; 2] = ["AgentService/Renew", "TokenService/GetCaller"];
const VIEWER: [&str; 21] = [
    "ClusterService/GetCluster",
    "ClusterService/GetConnections",
    "ClusterService/ListClusters",
    "ConfigService/DiffConfig",
    "ConfigService/GetConfig",
    "ConfigService/ListConfigVersions",
    "ConfigService/TestRule",
    "ControlPlaneService/GetStatus",
    "ControlPlaneService/ListProblemCodes",
    "EventService/Watch",
    "HistoryService/GetAvailability",
    "HistoryService/ListAudit",
    "HistoryService/ListHappenings",
    "HistoryService/ListProblems",
    "NodeService/GetNode",
    "NodeService/GetNodeVariables",
    "NodeService/ListNodes",
    "OperationService/GetOperation",
    "OperationService/ListOperations",
    "RecoveryService/GetRecovery",
    "RecoveryService/ListRecoveries",
];
const OPERATOR: [&str; 9] = [
    "ClusterService/FailoverCluster",
    "ClusterService/PauseCluster",
    "ClusterService/ResumeCluster",
    "ClusterService/SwitchoverCluster",
    "NodeService/BeginMaintenance",
    "NodeService/EndMaintenance",
    "NodeService/RebuildNode",
    "NodeService/RejoinNode",
    "NodeService/RepointNode",
];
const MEMBER: [&str; 8] = [
    "ConfigService/ResolveKey",
    "MemberService/GetMember",
    "MemberService/ListMemberSubscribers",
    "MemberService/NoteDenial",
    "MemberService/ReadTokens",
    "MemberService/Witness",
    "RoutingService/GetTable",
    "RoutingService/Subscribe",
];

/// Whom nobody but another instance may be.
const OF_MEMBERS: &str = "MemberService/";

fn methods() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let ours = set.file.into_iter();
    let ours = ours.filter(|file| file.package() == "lictor.v1");
    let services = ours.flat_map(|file| file.service);
    let methods = services.flat_map(|service| {
        let name = service.name().to_owned();
        let methods = service.method.into_iter();
        methods.map(move |method| format!("{name}/{}", method.name()))
    });
    methods.collect()
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Member,
    Holder(Role),
}

const EVERYBODY: [Who; 7] = [
    Who::Nobody,
    Who::Member,
    Who::Holder(Role::Subscriber),
    Who::Holder(Role::Agent),
    Who::Holder(Role::Viewer),
    Who::Holder(Role::Operator),
    Who::Holder(Role::Admin),
];

impl Who {
    fn reaches(self, method: &str) -> bool {
        let seen = VIEWER.contains(&method)
            || SUBSCRIBER.contains(&method)
            || method == "RoutingService/ListSubscribers";
        match self {
            Self::Nobody => false,
            Self::Member => MEMBER.contains(&method),
            Self::Holder(Role::Subscriber) => SUBSCRIBER.contains(&method),
            Self::Holder(Role::Agent) => AGENT.contains(&method),
            Self::Holder(Role::Viewer) => seen,
            Self::Holder(Role::Operator) => seen || OPERATOR.contains(&method),
            Self::Holder(Role::Admin) => {
                method != "AgentService/Renew" && !method.starts_with(OF_MEMBERS)
            }
        }
    }
}

/// The guard, and behind it nothing but a word.
struct Gate {
    app: Shared,
    router: Router,
}

impl Gate {
    fn new() -> Self {
        let app = whole::app();
        let guarding = axum::middleware::from_fn_with_state(Guard::new(&app), guard);
        let router = Router::new().fallback(async || "in").layer(guarding);
        Self { app, router }
    }

    async fn asked(&self, request: http::request::Builder) -> Response {
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    fn shown(&self, who: Who) -> http::request::Builder {
        let request = HttpRequest::builder();
        match who {
            Who::Nobody => request,
            Who::Member => request.header(members::PROOF, members::proof(&self.app)),
            Who::Holder(role) => {
                let bearer = format!("Bearer {}", whole::text(role));
                request.header(AUTHORIZATION, bearer)
            }
        }
    }
}

async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 100_000).await;
    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
}

async fn code(response: Response) -> String {
    let problem: serde_json::Value = serde_json::from_str(&body(response).await).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

#[test]
fn the_table_has_every_method_once_and_no_other() {
    let known: BTreeSet<String> = METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known, methods());
    assert_eq!(known.len(), METHODS.len());
}

#[tokio::test]
async fn every_method_is_reached_by_those_who_may_and_by_nobody_else() {
    let gate = Gate::new();
    for method in methods() {
        for who in EVERYBODY {
            let request = gate.shown(who).method("POST");
            let request = request.uri(format!("/lictor.v1.{method}"));
            let response = gate
                .asked(request.header("content-type", "application/grpc"))
                .await;
            let status = response.headers().get("grpc-status").cloned();
            let expected = match who {
                _ if who.reaches(&method) => None,
                Who::Nobody => Some("16"),
                _ => Some("7"),
            };
            let status = status.as_ref().map(|it| it.to_str().unwrap());
            assert_eq!(status, expected, "{method} by {who:?}");
        }
    }
}

#[tokio::test]
async fn every_route_of_rest_is_reached_as_its_method_is() {
    let gate = Gate::new();
    let document = serde_json::to_value(rest::openapi::document()).unwrap();
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let of_grpc = operation["x-grpc-method"].as_str();
            let place = path.replace(['{', '}'], "");
            for who in EVERYBODY {
                let request = gate.shown(who).uri(&place);
                let request = request.method(method.to_uppercase().as_str());
                let status = gate.asked(request).await.status();
                let reached = match of_grpc {
                    Some(of_grpc) => who.reaches(of_grpc),
                    None if path == "/v1/session" => true,
                    None => matches!(who, Who::Holder(_)),
                };
                let expected = match who {
                    _ if reached => StatusCode::OK,
                    Who::Nobody => StatusCode::UNAUTHORIZED,
                    _ => StatusCode::FORBIDDEN,
                };
                assert_eq!(status, expected, "{method} {path} by {who:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 40 * EVERYBODY.len(), "{seen}");
}

#[tokio::test]
async fn what_is_not_there_is_told_to_those_who_are_known() {
    let gate = Gate::new();
    for path in [
        "/v1",
        "/v1/nothing",
        "/v1/clusters/",
        "/v1//clusters",
        "/lictor.v1.X/Y",
    ] {
        let stranger = gate.asked(gate.shown(Who::Nobody).uri(path)).await;
        assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(stranger.headers()[WWW_AUTHENTICATE], "Bearer");
        let viewer = gate.shown(Who::Holder(Role::Viewer)).uri(path);
        assert_eq!(
            gate.asked(viewer).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let viewer = gate.shown(Who::Holder(Role::Viewer)).uri("/v1/clusters");
    let response = gate.asked(viewer.method("PUT")).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn what_tells_nothing_needs_nobody() {
    let gate = Gate::new();
    for path in [
        "/",
        "/clusters/orders",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
    ] {
        let response = gate.asked(gate.shown(Who::Nobody).uri(path)).await;
        assert_eq!(body(response).await, "in", "{path}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused_with_the_reason_and_never_shown() {
    let gate = Gate::new();
    let now = Utc::now();
    let ends = [
        ("revoked", "the token was revoked"),
        ("expired", "the token has expired"),
        ("unknown", "there is no such token"),
    ];
    let mut revoked = whole::stored("revoked", Role::Admin);
    revoked.token.revoked = Some(Revoked {
        at: now,
        by: "ann".to_owned(),
    });
    let mut expired = whole::stored("expired", Role::Admin);
    expired.token.expires_at = Some(now - TimeDelta::seconds(1));
    gate.app.access.keyring.know(vec![revoked, expired], now);
    for (name, why) in ends {
        let text = whole::text_of(name);
        let request = HttpRequest::builder().uri("/v1/clusters");
        let request = request.header(AUTHORIZATION, format!("Bearer {text}"));
        let response = gate.asked(request).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let said = body(response).await;
        assert!(said.contains(why) && said.contains("BAD_TOKEN"), "{said}");
        assert!(!said.contains(&text), "{said}");
    }
}

#[tokio::test]
async fn a_session_looks_freely_and_changes_only_from_its_own_page() {
    let gate = Gate::new();
    let token = whole::stored("admin", Role::Admin).token;
    let keys = &gate.app.access.keys;
    let (session, cookie) = Session::begin(keys, &token.id, Utc::now(), false);
    let pair = cookie
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let asks = |method: &str| {
        let request = HttpRequest::builder().method(method).uri("/v1/clusters");
        request.header(COOKIE, pair.clone())
    };
    assert_eq!(gate.asked(asks("GET")).await.status(), StatusCode::OK);
    assert_eq!(code(gate.asked(asks("POST")).await).await, "NO_CSRF");
    let wrong = asks("POST").header(CSRF, "00");
    assert_eq!(code(gate.asked(wrong).await).await, "NO_CSRF");
    let own = asks("POST").header(CSRF, session.csrf(keys));
    assert_eq!(gate.asked(own).await.status(), StatusCode::OK);
    gate.app.access.keyring.know(vec![], Utc::now());
    assert_eq!(code(gate.asked(asks("GET")).await).await, "BAD_TOKEN");
}

#[tokio::test]
async fn a_stream_ends_with_the_token_it_is_open_under() {
    let app = whole::app();
    let guarding = axum::middleware::from_fn_with_state(Guard::new(&app), guard);
    let silent = || async {
        Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>())
    };
    let router = Router::new().fallback(silent).layer(guarding);
    let bearer = format!("Bearer {}", whole::text(Role::Viewer));
    let request = HttpRequest::builder()
        .uri("/v1/events")
        .header(AUTHORIZATION, bearer);
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    app.access.keyring.know(vec![], Utc::now());
    assert_eq!(body(response).await, "");
}

#[tokio::test]
async fn one_token_has_so_many_requests_and_streams() {
    let gate = Gate::new();
    let asks = |path: &str| gate.shown(Who::Holder(Role::Viewer)).uri(path.to_owned());
    let mut open = vec![];
    let refused = loop {
        let response = gate.asked(asks("/v1/events")).await;
        if response.status() != StatusCode::OK {
            break response;
        }
        open.push(response);
        assert!(open.len() < 100);
    };
    assert_eq!(open.len(), whole::STREAMS as usize);
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    drop(open.pop());
    let again = gate.asked(asks("/v1/events")).await;
    assert_eq!(again.status(), StatusCode::OK);
    let mut refused = 0;
    for _ in 0..whole::REQUESTS * 3 {
        let response = gate.asked(asks("/v1/clusters")).await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(response.headers().contains_key(RETRY_AFTER));
            refused += 1;
        }
    }
    assert!(refused > 0);
}
