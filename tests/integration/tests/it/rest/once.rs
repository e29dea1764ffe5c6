//! Requests that are to happen once.

use super::*;
use futures::future::try_join_all;
use lictor_lab::Server;

const PAUSE: &str = "/v1/clusters/orders/pause";
const FAILOVER: &str = "/v1/clusters/orders/failover";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_twice_under_one_key_happens_once() {
    let scene = Scene::with_orders(1).await.unwrap();
    let rest = Rest::of(&scene).unwrap();
    the_first_answer_is_given_again(&rest).await.unwrap();
    many_at_once_are_one(&rest).await.unwrap();
    without_postgres_a_key_is_refused(&scene, &rest)
        .await
        .unwrap();
}

async fn keyed(rest: &Rest, path: &str, key: &str, body: Value) -> Result<Said> {
    let headers = [("Idempotency-Key", key)];
    rest.ask(Method::POST, path, &headers, Some(body)).await
}

async fn the_first_answer_is_given_again(rest: &Rest) -> Result<()> {
    let first = keyed(rest, PAUSE, "monday", because()).await?;
    ensure!(first.status == StatusCode::OK, "{first:?}");
    ensure!(first.header("idempotency-replayed").is_empty());
    let again = keyed(rest, PAUSE, "monday", because()).await?;
    ensure!(again.header("idempotency-replayed") == "true", "{again:?}");
    let answers = [&first, &again].map(|it| (it.status, it.header("content-type"), &it.text));
    ensure!(answers[0] == answers[1], "{again:?}");
    ensure!(rest.audited("cluster.pause").await?.len() == 1);

    let other = json!({ "reason": "another" });
    let other = keyed(rest, PAUSE, "monday", other).await?;
    other.problem(422, "KEY_TAKEN")?;
    let unreadable = keyed(rest, PAUSE, "two words", because()).await?;
    let problem = unreadable.problem(400, "INVALID_FIELD")?;
    ensure!(problem["errors"][0]["field"] == "idempotency-key");
    ensure!(rest.audited("cluster.pause").await?.len() == 1);
    Ok(())
}

async fn many_at_once_are_one(rest: &Rest) -> Result<()> {
    let path = "/v1/clusters/orders/resume";
    let many = (0..8).map(|_| keyed(rest, path, "tuesday", because()));
    for said in try_join_all(many).await? {
        if said.status != StatusCode::OK {
            said.problem(409, "IN_PROGRESS")?;
        }
    }
    let again = keyed(rest, path, "tuesday", because()).await?;
    ensure!(again.header("idempotency-replayed") == "true", "{again:?}");
    ensure!(rest.audited("cluster.resume").await?.len() == 1);
    Ok(())
}

async fn without_postgres_a_key_is_refused(scene: &Scene, rest: &Rest) -> Result<()> {
    scene.lab.postgres().kill()?;
    let old = scene.lab.cluster("orders").primary().await?;
    old.kill()?;
    let refused = keyed(rest, FAILOVER, "wednesday", because()).await?;
    refused.problem(503, "STORE_UNAVAILABLE")?;
    let new = scene.new_primary("orders", old.name()).await?;
    let cluster = rest.shown("/v1/clusters/orders").await?;
    ensure!(cluster["primary"] == new.name(), "{cluster}");
    Ok(())
}
