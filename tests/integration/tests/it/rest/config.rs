//! The configuration, changed by two people at once.

use super::*;

const RULE: &str = "query_rules:\n  - { rule_id: 1, active: true, match_digest: \"^SELECT\", \
    destination_hostgroup: 7, apply: true }\n";
const HOSTGROUPS: &str = "hostgroups:\n  - { id: 7, name: readers, kind: reader, cluster: orders, \
    role: replica }\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_changed_by_version_over_rest() {
    let scene = Scene::with_orders(1).await.unwrap();
    let rest = Rest::of(&scene).unwrap();
    let first = version(&rest).await.unwrap();
    who_says_no_version_changes_nothing(&rest).await.unwrap();
    a_wrong_document_is_refused_by_line(&rest).await.unwrap();
    assert_eq!(version(&rest).await.unwrap(), first);
    what_is_applied_is_shown_and_tried(&rest, first)
        .await
        .unwrap();
    who_comes_second_hears_what_came_between(&rest, first)
        .await
        .unwrap();
    what_was_is_again(&rest, first).await.unwrap();
}

async fn version(rest: &Rest) -> Result<u64> {
    let config = rest.shown("/v1/config").await?;
    config["version"]["version"].as_u64().context("no version")
}

/// Puts a document, made from that version.
async fn put(rest: &Rest, base: Option<u64>, yaml: &str) -> Result<Said> {
    let body = json!({ "yaml": yaml, "reason": "a test" });
    let base = base.map(|base| format!("\"{base}\""));
    let held: Vec<_> = base.iter().map(|it| ("If-Match", it.as_str())).collect();
    rest.ask(Method::PUT, "/v1/config", &held, Some(body)).await
}

async fn who_says_no_version_changes_nothing(rest: &Rest) -> Result<()> {
    let said = put(rest, None, HOSTGROUPS).await?;
    said.problem(428, "PRECONDITION_REQUIRED")?;
    let body = json!({ "to": 1, "reason": "a test" });
    let said = rest.post("/v1/config/rollback", body).await?;
    said.problem(428, "PRECONDITION_REQUIRED")?;
    Ok(())
}

async fn a_wrong_document_is_refused_by_line(rest: &Rest) -> Result<()> {
    let base = version(rest).await?;
    let said = put(rest, Some(base), RULE).await?;
    let problem = said.problem(400, "INVALID_DOCUMENT")?;
    let error = &problem["errors"][0];
    let field = "query_rules[0].destination_hostgroup";
    ensure!(error["field"] == field, "{problem}");
    ensure!(error["line"] == 2, "{problem}");
    ensure!(
        error["column"].as_u64().is_some_and(|it| it > 1),
        "{problem}"
    );
    let said = put(rest, Some(base), "clusters: [").await?;
    let problem = said.problem(400, "INVALID_DOCUMENT")?;
    ensure!(problem["errors"][0]["line"].is_u64(), "{problem}");
    Ok(())
}

async fn what_is_applied_is_shown_and_tried(rest: &Rest, base: u64) -> Result<()> {
    let both = format!("{HOSTGROUPS}{RULE}");
    let rehearsed = json!({ "yaml": both, "reason": "a test", "dry_run": true });
    let tag = format!("\"{base}\"");
    let held = [("If-Match", tag.as_str())];
    let rehearsal = rest.ask(Method::PUT, "/v1/config", &held, Some(rehearsed));
    let rehearsal = rehearsal.await?.json()?;
    ensure!(rehearsal["made"].is_null(), "{rehearsal}");
    let found = rest
        .post("/v1/config/diff", json!({ "yaml": both }))
        .await?;
    ensure!(found.status == StatusCode::OK, "{found:?}");
    ensure!(
        found.json()?["changes"] == rehearsal["changes"],
        "{found:?}"
    );

    let said = put(rest, Some(base), &both).await?;
    ensure!(said.status == StatusCode::OK, "{said:?}");
    ensure!(said.header("etag") == format!("\"{}\"", base + 1));
    let made = said.json()?;
    ensure!(made["changes"] == rehearsal["changes"], "{made}");
    let body = json!({ "sql": "SELECT 1 FROM t WHERE id = 7" });
    let tried = rest.post("/v1/rules/test", body).await?.json()?;
    ensure!(tried["outcome"]["destination_hostgroup"] == 7, "{tried}");
    ensure!(tried["outcome"]["hostgroup_name"] == "readers", "{tried}");
    Ok(())
}

async fn who_comes_second_hears_what_came_between(rest: &Rest, old: u64) -> Result<()> {
    let said = put(rest, Some(old), HOSTGROUPS).await?;
    let problem = said.problem(412, "CONFLICT")?;
    let conflict = &problem["conflict"];
    let numbers = (&conflict["base"], &conflict["head"]);
    ensure!(numbers == (&old.into(), &(old + 1).into()), "{problem}");
    let between = conflict["between"].as_array().context("nothing between")?;
    ensure!(between.len() == 1, "{problem}");
    ensure!(between[0]["version"]["action"] == "config.apply");
    ensure!(between[0]["changes"].as_array().map(Vec::len) == Some(2));
    Ok(())
}

async fn what_was_is_again(rest: &Rest, old: u64) -> Result<()> {
    let newest = version(rest).await?;
    let tag = format!("\"{newest}\"");
    let held = [("If-Match", tag.as_str())];
    let body = json!({ "to": old, "reason": "it was right" });
    let path = "/v1/config/rollback";
    let said = rest.ask(Method::POST, path, &held, Some(body)).await?;
    ensure!(said.status == StatusCode::OK, "{said:?}");
    let now = version(rest).await?;
    ensure!(said.header("etag") == format!("\"{now}\""), "{said:?}");
    let body = json!({ "from": old, "version": now });
    let found = rest.post("/v1/config/diff", body).await?.json()?;
    ensure!(found["changes"] == json!([]), "{found}");
    let earlier = rest.shown(&format!("/v1/config?version={newest}")).await?;
    ensure!(
        earlier["yaml"]
            .as_str()
            .is_some_and(|it| it.contains("readers"))
    );

    let page = rest.shown("/v1/config/versions?limit=2").await?;
    let numbers = |page: &Value| -> Result<Vec<Value>> {
        let versions = items(page)?.iter();
        Ok(versions
            .map(|it| it["version"]["version"].clone())
            .collect())
    };
    ensure!(numbers(&page)? == [now, newest], "{page}");
    let next = page["next"].as_str().context("no next page")?;
    let page = format!("/v1/config/versions?limit=2&after={next}");
    let page = rest.shown(&page).await?;
    ensure!(numbers(&page)?[0] == old, "{page}");
    Ok(())
}
