//! What there is to be read.

use super::*;
use lictor_lab::{Node, Server};

const DOCUMENT: &str = "\
keyspaces:
  shop:
    function: hash
    key: integer
    shards:
      - { name: s0, cluster: orders, range: \"-\" }
";

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_read_over_rest() {
    let scene = Scene::start(&[("orders", 2), ("users", 1)]).await.unwrap();
    for cluster in ["orders", "users"] {
        scene.register(cluster).await.unwrap();
    }
    let rest = Rest::of(&scene).unwrap();
    the_fleet_and_its_pages(&rest).await.unwrap();
    a_cluster_and_its_nodes(&scene, &rest).await.unwrap();
    a_key_and_where_it_lives(&rest).await.unwrap();
    let _client = scene.client("one who subscribes").await.unwrap();
    the_control_plane_and_who_listens(&rest).await.unwrap();
    scene.lab.node("users-2").unwrap().kill().unwrap();
    problems_and_history(&rest).await.unwrap();
    the_docs_need_nobody_else(&rest).await.unwrap();
}

async fn the_fleet_and_its_pages(rest: &Rest) -> Result<()> {
    let fleet = rest.shown("/v1/clusters").await?;
    ensure!(
        texts(items(&fleet)?, "name") == ["orders", "users"],
        "{fleet}"
    );
    ensure!(fleet["next"].is_null(), "{fleet}");
    let orders = rest.shown("/v1/clusters?q=ORDERS-1").await?;
    ensure!(texts(items(&orders)?, "name") == ["orders"], "{orders}");

    let mut nodes = vec![];
    let mut path = "/v1/nodes?limit=2".to_owned();
    loop {
        let page = rest.shown(&path).await?;
        ensure!(items(&page)?.len() <= 2, "{page}");
        nodes.extend(texts(items(&page)?, "name"));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/nodes?limit=2&after={next}");
    }
    let each = ["orders-1", "orders-2", "orders-3", "users-1", "users-2"];
    ensure!(nodes == each, "{nodes:?}");
    let some = rest.shown("/v1/nodes?cluster=users").await?;
    ensure!(texts(items(&some)?, "cluster") == ["users", "users"]);
    Ok(())
}

async fn a_cluster_and_its_nodes(scene: &Scene, rest: &Rest) -> Result<()> {
    let cluster = rest.shown("/v1/clusters/orders").await?;
    ensure!(cluster["primary"] == "orders-1", "{cluster}");
    ensure!(cluster["policy"]["mode"] == "auto", "{cluster}");
    ensure!(cluster["nodes"].as_array().map(Vec::len) == Some(3));
    let node = rest.shown("/v1/nodes/orders-2").await?;
    let lab: &Node = scene.lab.node("orders-2")?;
    ensure!(node["address"] == lab.address().to_string(), "{node}");
    ensure!(node["server_uuid"] == lab.server_uuid(), "{node}");
    ensure!(node["role"] == "replica", "{node}");
    let variables = rest.shown("/v1/nodes/orders-2/variables").await?;
    let gtid = items(&variables)?
        .iter()
        .find(|it| it["name"] == "gtid_mode");
    ensure!(gtid.is_some_and(|it| it["value"] == "ON"), "{variables}");
    let shares = rest.shown("/v1/clusters/orders/connections").await?;
    ensure!(items(&shares)?.len() == 3, "{shares}");
    for list in ["recoveries?cluster=orders", "operations?cluster=orders"] {
        let empty = rest.shown(&format!("/v1/{list}")).await?;
        ensure!(empty == json!({ "items": [], "next": null }), "{empty}");
    }
    Ok(())
}

async fn a_key_and_where_it_lives(rest: &Rest) -> Result<()> {
    let config = rest.get("/v1/config").await?;
    let tag = config.header("etag").to_owned();
    let version = &config.json()?["version"]["version"];
    ensure!(tag == format!("\"{version}\""), "{config:?}");
    let body = json!({ "yaml": DOCUMENT, "reason": "a shop" });
    let held = [("If-Match", tag.as_str())];
    let put = rest.ask(Method::PUT, "/v1/config", &held, Some(body));
    let put = put.await?;
    ensure!(put.status == StatusCode::OK, "{put:?}");
    let found = rest.shown("/v1/keyspaces/shop/resolve?key=7").await?;
    let shard = (&found["shard"], &found["cluster"], &found["held"]);
    ensure!(
        shard == (&"s0".into(), &"orders".into(), &false.into()),
        "{found}"
    );
    let table = rest.shown("/v1/routing").await?;
    let clusters = table["clusters"].as_array().context("no clusters")?;
    ensure!(
        texts(clusters, "state") == ["serving", "serving"],
        "{table}"
    );
    ensure!(table["keyspaces"][0]["shards"][0]["cluster"] == "orders");
    let part = rest.shown("/v1/routing?cluster=users").await?;
    ensure!(part["clusters"].as_array().map(Vec::len) == Some(1));
    let schema = rest.shown("/v1/config/schema").await?;
    ensure!(schema["properties"]["keyspaces"].is_object(), "{schema}");
    Ok(())
}

async fn the_control_plane_and_who_listens(rest: &Rest) -> Result<()> {
    let plane = rest.shown("/v1/control-plane").await?;
    ensure!(plane["leader"] == true && plane["ready"] == true, "{plane}");
    ensure!(plane["members"].as_array().map(Vec::len) == Some(1));
    let subscribers = rest.shown("/v1/subscribers").await?;
    let ids = texts(items(&subscribers)?, "id");
    ensure!(ids == ["one who subscribes"], "{subscribers}");
    let codes = rest.shown("/v1/problem-codes").await?;
    let codes = texts(items(&codes)?, "code");
    ensure!(codes.contains(&"DeadPrimary".to_owned()), "{codes:?}");
    ensure!(codes.is_sorted(), "{codes:?}");
    Ok(())
}

async fn problems_and_history(rest: &Rest) -> Result<()> {
    let path = "/v1/problems?cluster=users";
    let problem = eventually("a problem", PATIENCE, || async {
        let problems = rest.shown(path).await?;
        let problem = items(&problems)?.first().cloned();
        problem.context("there is none")
    })
    .await?;
    ensure!(problem["cluster"] == "users", "{problem}");
    let code = problem["code"].as_str().context("no code")?;
    let path = format!("history?cluster=users&kind=problem_opened&code={code}");
    let opened = eventually("it to be in the history", PATIENCE, || async {
        let page = rest.shown(&format!("/v1/{path}")).await?;
        let newest = items(&page)?.first().cloned();
        newest.context("it is not there")
    })
    .await?;
    ensure!(opened["sentence"] == problem["sentence"], "{opened}");
    let file = rest
        .get(&format!("/v1/{}", path.replace('?', ".csv?")))
        .await?;
    ensure!(file.header("content-type").starts_with("text/csv"));
    let lines: Vec<&str> = file.text.lines().collect();
    ensure!(
        lines[0].starts_with("at,cluster,node,kind,code"),
        "{file:?}"
    );
    ensure!(lines[1].contains(code), "{file:?}");

    let reached = rest.shown("/v1/availability?period=day").await?;
    let clusters = reached["clusters"].as_array().context("no clusters")?;
    ensure!(texts(clusters, "cluster") == ["orders", "users"]);
    ensure!(clusters[0]["availability_percent"] == 100.0, "{reached}");
    ensure!(!reached["formula"][0].is_null(), "{reached}");
    let file = rest.get("/v1/availability.csv?cluster=users").await?;
    ensure!(file.text.starts_with("cluster,from,to"), "{file:?}");
    ensure!(file.text.contains("\nusers,"), "{file:?}");
    let added = rest.audited("cluster.add").await?;
    ensure!(texts(&added, "target") == ["users", "orders"], "{added:?}");
    Ok(())
}

/// What a page loads, by the addresses in it.
fn loaded(page: &str) -> Vec<&str> {
    let after = |mark| page.split(mark).skip(1);
    let addresses = after("src=\"").chain(after("href=\""));
    addresses
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

async fn the_docs_need_nobody_else(rest: &Rest) -> Result<()> {
    let document = rest.shown("/openapi.json").await?;
    ensure!(document["openapi"] == "3.1.0", "{document}");
    ensure!(document["paths"]["/v1/clusters/{cluster}"].is_object());
    let page = rest.get("/docs/").await?;
    ensure!(page.status == StatusCode::OK, "{page:?}");
    ensure!(
        page.header("content-security-policy")
            .starts_with("default-src 'self'")
    );
    let loaded = loaded(&page.text);
    ensure!(loaded.len() >= 3, "{page:?}");
    for address in loaded {
        ensure!(!address.contains("//"), "{address} is elsewhere");
        let path = address.trim_start_matches("./");
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/docs/{path}")
        };
        let file = rest.get(&path).await?;
        ensure!(file.status == StatusCode::OK, "{path}: {:?}", file.status);
    }
    let first = rest.get("/docs").await?;
    ensure!(first.text == page.text, "{first:?}");
    let script = rest.get("/docs/swagger-initializer.js").await?;
    ensure!(script.text.contains("/openapi.json"), "{script:?}");
    ensure!(!script.text.contains("http"), "{script:?}");
    Ok(())
}
