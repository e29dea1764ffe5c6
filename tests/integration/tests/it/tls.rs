//! TLS on real servers: who is let in, who is turned away and told why, and
//! certificates that are renewed under open connections.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Authority, Identity, Lab, Lictord, Server, eventually};
use lictor_tls::ClientTls;
use lictor_wire::v1;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::control_plane_service_client::ControlPlaneServiceClient;
use mysql_async::prelude::Queryable;

use crate::push::Stream;

async fn scene(clusters: &[(&str, u8)]) -> Result<Scene> {
    Scene::start_in(Lab::builder().tls(), clusters).await
}

/// What `lictor` says when it fails.
async fn refusal(scene: &Scene, args: &[&str]) -> Result<String> {
    let output = scene.lictor(args).await?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(!output.status.success(), "it was let in");
    Ok(said)
}

/// Puts a certificate in the place of a lictord's own.
fn replace(scene: &Scene, by: &Identity) -> Result<()> {
    let own = own_files(scene)?;
    // The key first: until both are there, neither fits.
    fs::copy(&by.key_file, own.key_file)?;
    fs::copy(&by.cert_file, own.cert_file)?;
    Ok(())
}

fn own_files(scene: &Scene) -> Result<Identity> {
    let authority = scene.lab.authority().context("no TLS")?;
    let ca_file = authority.ca_file();
    let dir = ca_file.parent().context("no directory")?;
    Ok(Identity {
        cert_file: dir.join("lictord.pem"),
        key_file: dir.join("lictord-key.pem"),
        ca_file,
    })
}

fn hosts(lictord: &Lictord) -> [String; 1] {
    [lictord.address().ip().to_string()]
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("no text")
}

async fn status(scene: &Scene, url: &str, tls: &ClientTls) -> Result<v1::GetStatusResponse> {
    let mut api = ControlPlaneServiceClient::new(scene.channel_at(url, tls).await?);
    Ok(api.get_status(v1::GetStatusRequest {}).await?.into_inner())
}

#[tokio::test]
async fn who_trusts_the_authority_is_served_and_everybody_else_is_told_why_not() -> Result<()> {
    let scene = scene(&[]).await?;
    let lictord = scene.lab.lictord();
    let url = lictord.url();
    assert!(url.starts_with("https://"), "{url}");
    let shown = scene.lictor_ok(&["status"]).await?;
    assert!(shown.contains("leader in term"), "{shown}");

    // Another authority is not believed, wherever it is named.
    let dir = tempfile::tempdir()?;
    let stranger = Authority::new(dir.path(), "stranger")?;
    let ca_file = stranger.ca_file();
    let said = refusal(&scene, &["--ca-file", text(&ca_file)?, "status"]).await?;
    assert!(
        said.contains("UnknownIssuer") && said.contains("--ca-file or LICTOR_CA_FILE"),
        "{said}"
    );

    // Who speaks in plaintext hears so, in HTTP/1 and in HTTP/2.
    let plain = url.replace("https://", "http://");
    let answer = reqwest::get(format!("{plain}/healthz")).await?;
    assert_eq!(answer.status().as_u16(), 400);
    let body = answer.text().await?;
    assert!(body.contains("use https://"), "{body}");
    let said = status(&scene, &plain, &ClientTls::default())
        .await
        .unwrap_err();
    let said = format!("{said:?}");
    assert!(said.contains("use https://"), "{said}");

    // A certificate for another name is not this server's.
    let authority = scene.lab.authority().context("no TLS")?;
    replace(
        &scene,
        &authority.issue("elsewhere", &["elsewhere.example".to_owned()])?,
    )?;
    let said = eventually("the other certificate", PATIENCE, || {
        refusal(&scene, &["status"])
    })
    .await?;
    assert!(said.contains("for another name"), "{said}");
    Ok(())
}

#[tokio::test]
async fn where_clients_have_to_show_a_certificate_only_the_authoritys_lets_in() -> Result<()> {
    let scene = scene(&[]).await?;
    let (lictord, authority) = (
        scene.lab.lictord(),
        scene.lab.authority().context("no TLS")?,
    );
    let settings = fs::read_to_string(lictord.settings_file())?;
    let required = settings.replace("\"optional\"", "\"required\"");
    fs::write(lictord.settings_file(), required)?;
    lictord.start().await?;
    lictord.wait_ready().await?;

    let said = refusal(&scene, &["status"]).await?;
    assert!(
        said.contains("CertificateRequired") && said.contains("--cert-file"),
        "{said}"
    );
    let operator = authority.issue("operator", &[])?;
    let (cert, key) = (text(&operator.cert_file)?, text(&operator.key_file)?);
    let shown = ["--cert-file", cert, "--key-file", key, "status"];
    scene.lictor_ok(&shown).await?;

    let dir = tempfile::tempdir()?;
    let stranger = Authority::new(dir.path(), "stranger")?.issue("operator", &[])?;
    let (cert, key) = (text(&stranger.cert_file)?, text(&stranger.key_file)?);
    let said = refusal(&scene, &["--cert-file", cert, "--key-file", key, "status"]).await?;
    assert!(said.contains("fatal alert"), "{said}");

    let log = fs::read_to_string(lictord.log_path())?;
    assert!(!log.contains("panicked"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_new_certificate_is_served_with_and_open_streams_notice_nothing() -> Result<()> {
    let scene = scene(&[("orders", 1)]).await?;
    let lictord = scene.lab.lictord();
    let mut open = Stream::open(&scene, "open-all-along", None).await?;
    open.next().await?;

    // What is broken is told, and not served with.
    let own = own_files(&scene)?;
    let good = fs::read(&own.cert_file)?;
    fs::write(&own.cert_file, "-----BEGIN CERTIFICATE-----\n")?;
    eventually("the broken certificate to be told", PATIENCE, || async {
        let told = status(&scene, &lictord.url(), &scene.trust()).await?;
        let sentence = "the one before it is served with";
        let warned = told.sentences.iter().any(|told| told.contains(sentence));
        ensure!(told.ready && warned, "{told:?}");
        Ok(())
    })
    .await?;
    fs::write(&own.cert_file, good)?;

    // One of another authority takes its place.
    let dir = tempfile::tempdir()?;
    let next = Authority::new(dir.path(), "next")?;
    replace(&scene, &next.issue("lictord", &hosts(lictord))?)?;
    let trust = ClientTls {
        ca_file: Some(next.ca_file()),
        identity: None,
    };
    let told = eventually("the new certificate", PATIENCE, || {
        let url = lictord.url();
        let (scene, trust) = (&scene, trust.clone());
        async move { status(scene, &url, &trust).await }
    })
    .await?;
    assert!(
        !told
            .sentences
            .iter()
            .any(|told| told.contains("certificate")),
        "{told:?}"
    );
    assert!(
        status(&scene, &lictord.url(), &scene.trust())
            .await
            .is_err()
    );

    let seed = scene.lab.cluster("orders").node(1).address().to_string();
    let ca_file = next.ca_file();
    let add = [
        "--ca-file",
        text(&ca_file)?,
        "cluster",
        "add",
        "orders",
        "--seed",
        &seed,
    ];
    scene.lictor_ok(&add).await?;
    open.next().await.context("the stream that was open")?;
    Ok(())
}

#[tokio::test]
async fn members_trust_each_other_by_the_authority_they_are_told() -> Result<()> {
    let plan = Lab::builder().tls().lictords(2);
    let scene = Scene::start_in(plan, &[("orders", 1)]).await?;
    let leader = scene.lab.leader().await?.name().to_owned();
    let mut members = scene.lab.lictords().iter();
    let follower = members.find(|member| member.name() != leader);
    let follower = follower.context("nobody follows")?.url();
    eventually(
        "the follower to relay the leader's table",
        PATIENCE,
        || async {
            let told = status(&scene, &follower, &scene.trust()).await?;
            ensure!(told.ready && !told.leader, "{told:?}");
            Ok(())
        },
    )
    .await?;
    let channel = scene.channel_at(&follower, &scene.trust()).await?;
    let request = v1::AddClusterRequest {
        name: "orders".to_owned(),
        seed: scene.lab.cluster("orders").node(1).address().to_string(),
        policy: Some(v1::PolicyChange::default()),
    };
    let added = ClusterServiceClient::new(channel)
        .add_cluster(request)
        .await?;
    assert!(added.into_inner().cluster.is_some());
    Ok(())
}

#[tokio::test]
async fn lictord_does_not_believe_servers_of_another_authority_and_says_which() -> Result<()> {
    let scene = scene(&[("orders", 1)]).await?;
    let lictord = scene.lab.lictord();
    let dir = tempfile::tempdir()?;
    let stranger = Authority::new(dir.path(), "stranger")?.ca_file();
    let ours = scene.trust().ca_file.context("no TLS")?;
    let settings = fs::read_to_string(lictord.settings_file())?;
    let (ours, stranger) = (text(&ours)?, text(&stranger)?);

    // First the stores: without either there is no leader, and it is told why.
    let [tls, stores] = ["[postgres]", "[mysql]"].map(|section| settings.find(section));
    let (from, to) = (tls.context("no [postgres]")?, stores.context("no [mysql]")?);
    let fooled = settings[from..to].replace(ours, stranger);
    let fooled = [&settings[..from], &fooled, &settings[to..]].concat();
    fs::write(lictord.settings_file(), fooled)?;
    lictord.start().await?;
    // Nobody's token is known without Postgres: this page asks for none.
    let (http, readyz) = (scene.http()?.build()?, format!("{}/readyz", lictord.url()));
    eventually("both stores to be disbelieved", PATIENCE, || async {
        let told = http.get(&readyz).send().await?;
        let status = told.status();
        let told: serde_json::Value = told.json().await?;
        let missing = told["missing"].as_array().context("nothing is missing")?;
        let disbelieved = missing
            .iter()
            .filter(|it| it.to_string().contains("UnknownIssuer"));
        ensure!(
            status == 503 && disbelieved.count() == 2,
            "{status}: {told}"
        );
        Ok(())
    })
    .await?;

    // Then the nodes: they are alive, and nothing is taken from them.
    let fooled = settings[to..].replace(ours, stranger);
    fs::write(lictord.settings_file(), [&settings[..to], &fooled].concat())?;
    lictord.start().await?;
    lictord.wait_ready().await?;
    let seed = scene.lab.cluster("orders").node(1).address().to_string();
    let said = refusal(&scene, &["cluster", "add", "orders", "--seed", &seed]).await?;
    assert!(
        said.contains("no terms over TLS") && said.contains("UnknownIssuer"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn an_agent_gets_its_lease_over_tls() -> Result<()> {
    let scene = Scene::start_in(Lab::builder().tls().agents(), &[("orders", 1)]).await?;
    scene.register("orders").await?;
    eventually("the primary to be guarded", PATIENCE, || async {
        let shown = scene.cluster("orders").await?;
        let guarded = shown.nodes.iter().filter(|node| node.guard.is_some());
        ensure!(guarded.count() > 0, "{shown:?}");
        Ok(())
    })
    .await
}

/// Everything that the laboratory has speaks TLS alone, and verifies.
#[tokio::test]
async fn a_primary_is_replaced_with_tls_between_all_of_them() -> Result<()> {
    let scene = scene(&[("orders", 2)]).await?;
    scene.register("orders").await?;
    let registered = format!(
        "{}/v1/health/service/lictor?passing",
        scene.lab.consul().url()
    );
    eventually("Consul's check of lictord to pass", PATIENCE, || async {
        let found: serde_json::Value = scene.lab.consul().get(&registered).await?;
        ensure!(
            found.as_array().is_some_and(|found| found.len() == 1),
            "{found}"
        );
        Ok(())
    })
    .await?;
    let client = scene.client("shop").await?;
    client
        .writer("orders")
        .await?
        .query_drop("CREATE TABLE seen (n INT PRIMARY KEY)")
        .await?;

    let old = scene.lab.cluster("orders").node(1);
    old.kill()?;
    let new = scene.new_primary("orders", old.name()).await?;
    client
        .writer("orders")
        .await?
        .query_drop("INSERT INTO seen VALUES (1)")
        .await?;
    let mut others = scene.lab.cluster("orders").nodes().iter();
    let other = others.find(|node| ![old.name(), new.name()].contains(&node.name()));
    let other = other.context("no other replica")?;

    old.start().await?;
    assert!(
        scene.rejoined("orders", old.name()).await?,
        "it is quarantined"
    );
    // Whoever Lictor points anew, verifies its source.
    let told = "SELECT SSL_ALLOWED, SSL_CA_FILE <> '', SSL_VERIFY_SERVER_CERTIFICATE \
                FROM performance_schema.replication_connection_configuration";
    assert_eq!(old.sql(told).await?, [["YES", "1", "YES"]]);
    assert_eq!(other.sql(told).await?[0][0], "YES");
    let plain = "SELECT COUNT(*) FROM performance_schema.status_by_thread s \
                 JOIN performance_schema.threads t USING (THREAD_ID) \
                 WHERE s.VARIABLE_NAME = 'Ssl_cipher' AND s.VARIABLE_VALUE = '' \
                 AND t.PROCESSLIST_USER IN ('lictor', 'repl', 'app')";
    assert_eq!(new.value(plain).await?, "0");
    Ok(())
}
