//! Every service of one lictord whose stores are away: what can be told is
//! told, and nothing is made up.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use chrono::Utc;
use lictor_domain::access::Role;
use lictor_domain::{Scope, Token};
use lictor_store::StoredToken;
use lictor_wire::v1::agent_service_client::AgentServiceClient;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::control_plane_service_client::ControlPlaneServiceClient;
use lictor_wire::v1::node_service_client::NodeServiceClient;
use lictor_wire::v1::recovery_service_client::RecoveryServiceClient;
use tempfile::TempDir;
use tokio_util::task::TaskTracker;
use tonic::Request;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

use super::*;
use crate::access::{Access, Identity};
use crate::app::{App, Shared};
use crate::args::{Args, Flags};
use crate::bulletin::Bulletin;
use crate::catalog::Behind;
use crate::fleet::Fleet;
use crate::leadership::Standing;
use crate::settings::Settings;
use crate::spool::Spool;

/// Ports 1 and 2 of an address nobody has: connections are refused.
const FILE: &str = "
    listen = '127.0.0.1:0'
    advertise = 'http://127.0.0.1:7400'
    [postgres]
    url = 'postgres://lictor:x@127.255.0.9:1/lictor'
    [consul]
    address = 'http://127.255.0.9:2'
    [mysql]
    user = 'lictor'
    password_file = 'DIR/password'
    replication_user = 'repl'
    replication_password_file = 'DIR/password'
    [access]
    key_file = 'DIR/key'
    requests_per_second = REQUESTS
    streams_per_token = STREAMS
";

/// What one token may do at most.
pub(in crate::api) const REQUESTS: u32 = 200;
pub(in crate::api) const STREAMS: u32 = 20;

/// The text of a token called so.
pub(in crate::api) fn text_of(name: &str) -> String {
    format!("lictor_{}_{}", id_of(name), "0f".repeat(32))
}

/// The text of the token of that role.
pub(in crate::api) fn text(role: Role) -> String {
    text_of(role.as_str())
}

fn id_of(name: &str) -> String {
    let digits = hex::encode(name);
    format!("{digits:0<12}")[..12].to_owned()
}

/// A token called so, as Postgres has it.
pub(in crate::api) fn stored(name: &str, role: Role) -> StoredToken {
    StoredToken {
        token: Token {
            id: id_of(name).parse().unwrap(),
            name: name.parse().unwrap(),
            role,
            scope: Scope::All,
            created_at: Utc::now(),
            created_by: "ann".to_owned(),
            expires_at: None,
            revoked: None,
            last_use: None,
        },
        hash: crate::access::hash(&text_of(name)),
    }
}

/// The holder of that role's token.
pub(in crate::api) fn holder(role: Role) -> Identity {
    Identity::Holder(Arc::new(stored(role.as_str(), role).token))
}

fn access(settings: &Settings) -> Access {
    let (access, _) = Access::new(&settings.access).unwrap();
    let tokens = Role::ALL.map(|role| stored(role.as_str(), role));
    access.keyring.know(tokens.into(), Utc::now());
    access
}

/// Shows the token of that role.
#[derive(Clone)]
pub(in crate::api) struct Shows(Role);

impl Interceptor for Shows {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let bearer = format!("Bearer {}", text(self.0)).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }
}

pub(in crate::api) type Connection = InterceptedService<Channel, Shows>;

fn settings(dir: &TempDir) -> Settings {
    std::fs::write(dir.path().join("password"), "x").unwrap();
    // All of them belong together.
    let key = dir.path().join("key");
    std::fs::write(&key, "0f".repeat(32)).unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let file = dir.path().join("lictord.toml");
    let text = FILE.replace("DIR", dir.path().to_str().unwrap());
    let text = text.replace("REQUESTS", &REQUESTS.to_string());
    let text = text.replace("STREAMS", &STREAMS.to_string());
    std::fs::write(&file, text).unwrap();
    let flags = Flags {
        config: Some(file),
        ..Flags::default()
    };
    let args = Args {
        flags,
        print_config: false,
        command: None,
    };
    Settings::load(&args).unwrap()
}

pub(in crate::api) fn app() -> Shared {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir);
    Arc::new(App {
        access: access(&settings),
        spool: Spool::open(&dir.path().join("spool"), 1).unwrap(),
        behind: Behind::default(),
        instance: settings.instance.clone(),
        started: Instant::now(),
        store: lictor_store::Store::new(&settings.postgres.config()).unwrap(),
        consul: lictor_consul::Consul::new(settings.consul.config()).unwrap(),
        certificates: None,
        fleet: Fleet::default(),
        changes: tokio::sync::Mutex::default(),
        bulletin: Bulletin::new(),
        hub: Hub::new(100),
        standing: Standing::default(),
        members: crate::members::Members::default(),
        relay: crate::relay::Relay::default(),
        repairs: AtomicU64::new(7),
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
        settings,
    })
}

async fn start() -> (Connection, DropGuard) {
    serve(app(), Role::Admin).await
}

/// One that thinks that it leads.
async fn start_leading() -> (Connection, DropGuard) {
    let app = app();
    app.standing.leads(Term(1), PATIENCE);
    serve(app, Role::Admin).await
}

async fn serve(app: Shared, role: Role) -> (Connection, DropGuard) {
    let server = server::bind(&app).await.unwrap();
    let url = format!("http://{}", server.address().unwrap());
    tokio::spawn(server.run());
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let channel = InterceptedService::new(channel, Shows(role));
    (channel, app.shutdown.clone().drop_guard())
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

#[tokio::test]
async fn an_instance_tells_how_it_stands() {
    let (channel, _end) = start().await;
    let mut client = ControlPlaneServiceClient::new(channel.clone());
    let status = client.get_status(v1::GetStatusRequest {}).await.unwrap();
    let status = status.into_inner();
    assert_eq!(status.instance, "127.0.0.1:7400");
    assert_eq!(status.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(status.consul_drift, 7);
    assert!(!status.leader && !status.ready);
    assert!(!status.sentences.is_empty());

    let mut health = HealthClient::new(channel.clone());
    let request = HealthCheckRequest::default();
    let mut looks = health.watch(request).await.unwrap().into_inner();
    // It takes a moment until the first look.
    while let Some(look) = looks.message().await.unwrap() {
        if look.status() == ServingStatus::NotServing {
            return;
        }
    }
    panic!("it never said that it does not serve");
}

#[tokio::test]
async fn nothing_is_made_up_while_the_stores_are_away() {
    let (channel, _end) = start().await;
    let mut clusters = ClusterServiceClient::new(channel.clone());
    let status = clusters
        .list_clusters(v1::ListClustersRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "STORE_UNAVAILABLE");

    let mut recoveries = RecoveryServiceClient::new(channel);
    let request = v1::ListRecoveriesRequest::default();
    let status = recoveries.list_recoveries(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn one_that_does_not_lead_grants_no_lease() {
    let (channel, _end) = serve(app(), Role::Agent).await;
    let mut agents = AgentServiceClient::new(channel);
    let renewal = v1::RenewRequest {
        instance: uuid::Uuid::from_u128(1).to_string(),
        number: 1,
        holds_us: None,
    };
    let status = agents.renew(renewal.clone()).await.unwrap_err();
    assert_eq!(reason(&status), "NOT_LEADING");
    let bad = v1::RenewRequest {
        instance: "7".to_owned(),
        ..renewal
    };
    let status = agents.renew(bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("instance"), "{status:?}");
}

#[tokio::test]
async fn one_that_does_not_lead_changes_nothing() {
    let (channel, _end) = start().await;
    let mut clusters = ClusterServiceClient::new(channel);
    let add = v1::AddClusterRequest {
        name: "orders".to_owned(),
        seed: "127.0.0.1:3306".to_owned(),
        policy: None,
    };
    let status = clusters.add_cluster(add).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "NOT_LEADING")
    );
    let update = v1::UpdatePolicyRequest {
        name: "orders".to_owned(),
        change: Some(v1::PolicyChange::default()),
        reason: "a test".to_owned(),
    };
    let status = clusters.update_policy(update).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "NOT_LEADING")
    );
}

#[tokio::test]
async fn one_that_does_not_lead_asks_no_node() {
    let (channel, _end) = start().await;
    let mut nodes = NodeServiceClient::new(channel);
    let node = "orders-1".to_owned();
    let request = v1::GetNodeVariablesRequest { node };
    let status = nodes.get_node_variables(request).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "NOT_LEADING")
    );
}

#[tokio::test]
async fn a_field_that_makes_no_sense_is_named() {
    let (channel, _end) = start_leading().await;
    let mut clusters = ClusterServiceClient::new(channel.clone());
    let named = |status: Status, field: &str| {
        assert_eq!(status.code(), Code::InvalidArgument);
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, field);
    };
    let name = "Or_ders".to_owned();
    let status = clusters
        .get_cluster(v1::GetClusterRequest { name })
        .await
        .unwrap_err();
    assert!(status.message().contains("Or_ders"), "{}", status.message());
    named(status, "name");

    let add = v1::AddClusterRequest {
        name: "orders".to_owned(),
        seed: "127.0.0.1".to_owned(),
        policy: None,
    };
    named(clusters.add_cluster(add.clone()).await.unwrap_err(), "seed");
    let policy = v1::PolicyChange {
        mode: 99,
        ..v1::PolicyChange::default()
    };
    let add = v1::AddClusterRequest {
        seed: "127.0.0.1:3306".to_owned(),
        policy: Some(policy),
        ..add
    };
    named(clusters.add_cluster(add).await.unwrap_err(), "policy.mode");

    let update = v1::UpdatePolicyRequest {
        name: "orders".to_owned(),
        change: None,
        reason: " ".to_owned(),
    };
    named(clusters.update_policy(update).await.unwrap_err(), "reason");

    let mut recoveries = RecoveryServiceClient::new(channel);
    let id = "7".to_owned();
    let status = recoveries
        .get_recovery(v1::GetRecoveryRequest { id })
        .await
        .unwrap_err();
    named(status, "id");
}

#[tokio::test]
async fn the_services_describe_themselves() {
    let (channel, _end) = start().await;
    let request = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..ServerReflectionRequest::default()
    };
    let mut client = ServerReflectionClient::new(channel);
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("no list of services: {answer:?}");
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for service in [
        "ClusterService",
        "ControlPlaneService",
        "RecoveryService",
        "RoutingService",
    ] {
        assert!(names.contains(&format!("lictor.v1.{service}")), "{names:?}");
    }
    assert!(
        names.contains(&"grpc.health.v1.Health".to_owned()),
        "{names:?}"
    );
}
