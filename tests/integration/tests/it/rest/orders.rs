//! What operators order.

use super::*;

const SWITCHOVER: &str = "/v1/clusters/orders/switchover";

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_given_and_followed_over_rest() {
    let scene = Scene::with_orders(2).await.unwrap();
    let rest = Rest::of(&scene).unwrap();
    a_rehearsal_changes_nothing(&rest).await.unwrap();
    a_switchover_is_followed_to_its_end(&rest).await.unwrap();
    what_is_changed_is_answered(&rest).await.unwrap();
    what_stands_in_the_way_is_told(&rest).await.unwrap();
}

async fn a_rehearsal_changes_nothing(rest: &Rest) -> Result<()> {
    let before = rest.shown("/v1/audit").await?;
    let said = rest.post(SWITCHOVER, json!({ "dry_run": true })).await?;
    ensure!(said.status == StatusCode::OK, "{said:?}");
    let report = said.json()?;
    ensure!(report["clear"] == true, "{report}");
    ensure!(report["operation"].is_null(), "{report}");
    ensure!(report["candidates"].as_array().map(Vec::len) == Some(2));
    ensure!(rest.shown("/v1/clusters/orders").await?["primary"] == "orders-1");
    ensure!(rest.shown("/v1/audit").await? == before);
    Ok(())
}

async fn a_switchover_is_followed_to_its_end(rest: &Rest) -> Result<()> {
    let to = json!({ "to": "orders-2", "reason": "a new disk" });
    let ada = [("Lictor-Actor", "ada@desk")];
    let said = rest.ask(Method::POST, SWITCHOVER, &ada, Some(to)).await?;
    ensure!(said.status == StatusCode::ACCEPTED, "{said:?}");
    let id = said.json()?["operation"].clone();
    let at = said.header("location");
    ensure!(Some(at.rsplit('/').next().unwrap_or_default()) == id.as_str());

    let operation = rest.finished(at).await?;
    ensure!(operation["state"] == "done", "{operation}");
    ensure!(operation["kind"] == "switchover", "{operation}");
    ensure!(operation["node"] == "orders-2", "{operation}");
    ensure!(!operation["steps"][0].is_null(), "{operation}");
    let cluster = rest.shown("/v1/clusters/orders").await?;
    ensure!(cluster["primary"] == "orders-2", "{cluster}");
    let recovery = rest.shown("/v1/recoveries?cluster=orders").await?["items"][0].clone();
    ensure!(recovery["id"] == id, "{recovery}");
    let id = id.as_str().context("no id")?;
    let story = rest.shown(&format!("/v1/recoveries/{id}")).await?;
    let phases = story["phases"].as_array().context("no phases")?;
    ensure!(texts(phases, "name").contains(&"promote".to_owned()));
    let done = rest.audited("cluster.switchover").await?;
    ensure!(texts(&done, "actor") == ["ada@desk"], "{done:?}");
    ensure!(texts(&done, "reason") == ["a new disk"], "{done:?}");
    Ok(())
}

/// A mutation that changes something at once, and what the answer must then have.
async fn change(
    rest: &Rest,
    method: Method,
    path: &str,
    body: Value,
    (field, value): (&str, Value),
) -> Result<()> {
    let said = rest.ask(method, path, &[], Some(body)).await?;
    ensure!(said.status == StatusCode::OK, "{path}: {said:?}");
    let answer = said.json()?;
    ensure!(answer.pointer(field) == Some(&value), "{path}: {answer}");
    Ok(())
}

async fn what_is_changed_is_answered(rest: &Rest) -> Result<()> {
    let (post, patch) = (Method::POST, Method::PATCH);
    let pause = json!({ "reason": "a test", "owner": "ada", "for_secs": 60 });
    let clusters = "/v1/clusters/orders";
    let paused = ("/pause/owner", "ada".into());
    change(
        rest,
        post.clone(),
        &format!("{clusters}/pause"),
        pause,
        paused,
    )
    .await?;
    let resumed = ("/pause", Value::Null);
    change(
        rest,
        post.clone(),
        &format!("{clusters}/resume"),
        because(),
        resumed,
    )
    .await?;
    let policy = json!({ "reason": "a test", "max_read_lag_secs": 7 });
    let lag = ("/policy/max_read_lag_secs", 7.into());
    change(
        rest,
        patch.clone(),
        &format!("{clusters}/policy"),
        policy,
        lag,
    )
    .await?;

    let node = "/v1/nodes/orders-3";
    let zone = json!({ "reason": "a test", "zone": "eu-1", "promotion": "prefer" });
    change(rest, patch, node, zone, ("/zone", "eu-1".into())).await?;
    let at = format!("{node}/maintenance");
    let work = json!({ "reason": "a test", "for_secs": 60, "owner": "bo" });
    let begun = ("/maintenance/owner", "bo".into());
    change(rest, Method::PUT, &at, work, begun).await?;
    let ended = ("/maintenance", Value::Null);
    change(rest, Method::DELETE, &at, because(), ended).await?;
    let at = format!("{node}/repoint");
    eventually("the old primary to be a source", PATIENCE, || async {
        let rehearsal = json!({ "reason": "a test", "source": "orders-1", "dry_run": true });
        let said = rest.post(&at, rehearsal).await?;
        ensure!(said.status == StatusCode::OK, "{said:?}");
        Ok(())
    })
    .await?;
    let follow = json!({ "reason": "a test", "source": "orders-1" });
    let said = rest.post(&at, follow).await?;
    ensure!(
        said.status == StatusCode::OK && said.text.contains("orders-1"),
        "{said:?}"
    );
    Ok(())
}

async fn what_stands_in_the_way_is_told(rest: &Rest) -> Result<()> {
    let path = "/v1/clusters/orders/failover";
    let rehearsal = json!({ "reason": "a test", "dry_run": true });
    let report = rest.post(path, rehearsal).await?;
    ensure!(report.status == StatusCode::OK, "{report:?}");
    let report = report.json()?;
    ensure!(report["candidate"] == "orders-3", "{report}");
    ensure!(!report["steps"][0].is_null(), "{report}");
    let itself = rest.post(SWITCHOVER, json!({ "to": "orders-2" })).await?;
    let itself = itself.problem(409, "REFUSED")?;
    let finding = &itself["findings"][0];
    ensure!(!finding["code"].is_null(), "{itself}");
    ensure!(!finding["sentence"].is_null(), "{itself}");
    for path in ["clusters/nowhere", "nodes/nowhere", "recoveries?cluster=no"] {
        let refused = rest.get(&format!("/v1/{path}")).await?;
        refused.problem(404, "NOT_FOUND")?;
    }
    Ok(())
}
