//! What is no request, or is not answered in time.

use super::*;

use lictor_lab::Server;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_refused_as_a_problem() {
    let scene = Scene::with_orders(1).await.unwrap();
    let rest = Rest::of(&scene).unwrap();
    what_is_no_request_is_told_so(&rest).await.unwrap();
    a_late_answer_is_no_answer(&scene, &rest).await.unwrap();
}

async fn what_is_no_request_is_told_so(rest: &Rest) -> Result<()> {
    rest.get("/v1/nothing").await?.problem(404, "NOT_FOUND")?;
    let html = [("Accept", "text/html")];
    let page = rest.ask(Method::GET, "/v1/nothing", &html, None).await?;
    page.problem(404, "NOT_FOUND")?;
    let method = rest.ask(Method::DELETE, "/v1/clusters", &[], None).await?;
    method.problem(405, "METHOD_NOT_ALLOWED")?;
    ensure!(method.header("allow").contains("POST"), "{method:?}");

    let pause = format!("{}/v1/clusters/orders/pause", rest.root);
    let form = rest.http.post(&pause).body("reason=a+test");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let said = Said::of(form).await?;
    said.problem(415, "UNSUPPORTED_MEDIA_TYPE")?;
    let long = json!({ "reason": "x".repeat(5 * 1024 * 1024) });
    let said = Said::of(rest.http.post(&pause).json(&long)).await?;
    said.problem(413, "TOO_LARGE")?;
    // The rest of it is not read: nothing can follow on that connection.
    ensure!(said.header("connection") == "close", "{said:?}");

    for (path, field) in [
        ("clusters?limit=0", "limit"),
        ("nodes?limit=many", "limit"),
        ("nodes/Orders%201", "node"),
        ("history?kind=rumour", "kind[0]"),
        ("history?from=yesterday", "from"),
        ("clusters?name=orders", "name"),
        ("audit?q=a%00b", "q"),
        ("clusters/a%00b", "cluster"),
        ("recoveries?after=7", "after"),
        ("history?code=%00", "code"),
        ("history?to=", "to"),
        ("config/versions?after=9223372036854775808", "after"),
        ("routing?keyspace=shop&keyspace=Shop", "keyspace[1]"),
        ("audit?actor=%00", "actor"),
    ] {
        let said = rest.get(&format!("/v1/{path}")).await?;
        let problem = said.problem(400, "INVALID_FIELD")?;
        ensure!(problem["errors"][0]["field"] == field, "{path}: {problem}");
    }
    for (body, field) in [
        (json!({}), ""),
        (json!({ "reason": "" }), "reason"),
        (json!({ "reason": "a\0b" }), "reason"),
        (json!({ "reason": "a test", "for_secs": -1 }), "for_secs"),
        (
            json!({ "reason": "a test", "for_secs": u64::MAX }),
            "for_secs",
        ),
    ] {
        let said = rest.post("/v1/clusters/orders/pause", body).await?;
        let problem = said.problem(400, "INVALID_FIELD")?;
        ensure!(problem["errors"][0]["field"] == field, "{problem}");
    }
    ensure!(rest.audited("cluster.pause").await?.is_empty());
    Ok(())
}

/// Whoever has less time than lictord says so as over gRPC.
async fn a_late_answer_is_no_answer(scene: &Scene, rest: &Rest) -> Result<()> {
    scene.lab.postgres().freeze()?;
    let hurry = [("grpc-timeout", "200m")];
    let said = rest.ask(Method::GET, "/v1/audit", &hurry, None).await?;
    said.problem(504, "LATE")?;
    let said = rest.get("/v1/audit").await?;
    said.problem(503, "STORE_UNAVAILABLE")?;
    scene.lab.postgres().thaw()
}
