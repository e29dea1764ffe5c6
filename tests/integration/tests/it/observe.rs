//! Where Lictor may only watch, it sends nothing that changes anything,
//! whatever happens; and it says what it would have done.
//!
//! The proof is each server's own general log, which holds every statement of
//! every session.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{CONTROL, Node, Server, eventually};
use lictor_wire::v1;

#[tokio::test(flavor = "multi_thread")]
async fn in_observe_mode_no_statement_that_changes_anything_is_ever_sent() {
    let scene = watched_only("observe").await.unwrap();
    everything_goes_wrong(&scene).await.unwrap();
    only_looked_at(&scene).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_manual_mode_no_statement_that_changes_anything_is_ever_sent() {
    let scene = watched_only("manual").await.unwrap();
    everything_goes_wrong(&scene).await.unwrap();
    only_looked_at(&scene).await.unwrap();
}

#[test]
fn a_statement_that_changes_something_is_told_from_one_that_looks() {
    for looks in [
        "SELECT 1",
        "SHOW REPLICAS",
        "SET SESSION autocommit = 1",
        "SELECT @@global.read_only; SHOW GRANTS;",
        "DO SLEEP(1)",
    ] {
        assert!(only_looks(looks), "{looks}");
    }
    for changes in [
        "SET GLOBAL read_only = ON",
        "SET SESSION autocommit = 1, GLOBAL read_only = ON",
        "SET PERSIST read_only = ON",
        "SELECT 1; STOP REPLICA",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT * FROM t FOR UPDATE",
        "KILL 7",
        "RESET REPLICA ALL",
        "DO RELEASE_ALL_LOCKS()",
        "",
    ] {
        assert!(!only_looks(changes), "{changes}");
    }
}

#[test]
fn statements_are_told_by_the_account_that_sent_them() {
    let log = "/usr/sbin/mysqld, Version: 9.7.4\nTime  Id Command  Argument\n\
        2026-01-01T00:00:00.000001Z\t    8 Connect\tlictor@127.0.0.1 on  using TCP/IP\n\
        2026-01-01T00:00:00.000002Z\t    9 Connect\troot@127.0.0.1 on  using TCP/IP\n\
        2026-01-01T00:00:00.000003Z\t    9 Query\tSTOP REPLICA\n\
        2026-01-01T00:00:00.000004Z\t    8 Query\tSELECT 1,\n2\n\
        2026-01-01T00:00:00.000005Z\t    8 Quit\t\n\
        2026-01-01T00:00:00.000006Z\t    8 Query\tSELECT 3\n\
        /usr/sbin/mysqld, Version: 9.7.4. started with:\nTime  Id Command  Argument\n";
    assert_eq!(statements_of("lictor", log), ["SELECT 1,\n2", "SELECT 3"]);
    assert_eq!(statements_of("root", log), ["STOP REPLICA"]);
}

/// `orders` in that mode, every server writing down each statement it gets.
async fn watched_only(mode: &str) -> Result<Scene> {
    let scene = Scene::start(&[("orders", 2)]).await?;
    for node in scene.lab.cluster("orders").nodes() {
        // It survives a restart of the server.
        node.sql("SET PERSIST general_log = ON").await?;
    }
    let seed = scene.lab.cluster("orders").node(1).address().to_string();
    let add = ["cluster", "add", "orders", "--seed", &seed];
    let how = ["--mode", mode, "--profile", "fast"];
    scene.lictor_ok(&[&add[..], &how].concat()).await?;
    Ok(scene)
}

/// A primary that dies, one that comes back closed, one that hangs; a replica
/// that is writable, one that is stopped.
async fn everything_goes_wrong(scene: &Scene) -> Result<()> {
    let cluster = scene.lab.cluster("orders");
    let (primary, replica) = (cluster.node(1), cluster.node(2));

    primary.kill()?;
    would_have_failed_over(scene, "DeadPrimary").await?;
    primary.start().await?;
    problem(scene, "PrimaryReadOnly").await?;
    primary.open().await?;
    no_problems(scene).await?;
    // Only a replica that has heard the primary can testify that it hangs.
    primary.sql("CREATE TABLE app.heard (id INT)").await?;
    for node in cluster.nodes() {
        eventually("it to hear the primary", PATIENCE, || {
            node.sql("SELECT * FROM app.heard")
        })
        .await?;
    }

    primary.freeze()?;
    would_have_failed_over(scene, "HungPrimary").await?;
    primary.thaw()?;
    no_problems(scene).await?;

    replica.open_alone().await?;
    problem(scene, "ReplicaIsWritable").await?;
    problem(scene, "MultiplePrimaries").await?;
    replica.sql("SET GLOBAL super_read_only = ON").await?;
    replica.stop_replication().await?;
    problem(scene, "ReceiverDown").await?;
    what_policies_would_mend(scene).await
}

/// Policies that let Lictor act say nothing where the mode does not: a node that
/// could be rebuilt, settings that could be set right, acknowledgers that are
/// gone, a node that is given back.
async fn what_policies_would_mend(scene: &Scene) -> Result<()> {
    let cluster = scene.lab.cluster("orders");
    let (primary, replica) = (cluster.node(1), cluster.node(2));
    let reason = ["--reason", "a test"];
    let set = [
        "cluster",
        "set",
        "orders",
        "--rebuild",
        "auto",
        "--on-starved",
        "loosen:0/1s",
    ];
    scene.lictor_ok(&[&set[..], &reason].concat()).await?;

    replica.sql("SET GLOBAL super_read_only = OFF").await?;
    replica.sql("CREATE TABLE app.errant (id INT)").await?;
    problem(scene, "ErrantGtid").await?;
    problem(scene, "ConfigurationDrift").await?;
    for side in ["source", "replica"] {
        let off = format!("SET GLOBAL rpl_semi_sync_{side}_enabled = OFF");
        for node in [primary, cluster.node(3)] {
            node.sql(&off).await?;
        }
    }
    problem(scene, "DurabilityLoosened").await?;

    let name = cluster.node(3).name();
    let work = ["node", "maintenance", name];
    let begin = ["--owner", "ada", "--for", "1h", "--reason", "a test"];
    scene.lictor_ok(&[&work[..], &begin].concat()).await?;
    problem(scene, "Maintenance").await?;
    scene.lictor_ok(&[&work[..], &["--end"]].concat()).await?;

    primary
        .sql("SET GLOBAL rpl_semi_sync_source_enabled = ON")
        .await?;
    cluster.node(3).kill()?;
    problem(scene, "SemiSyncStarved").await?;
    cluster.node(3).start().await
}

async fn problem(scene: &Scene, code: &str) -> Result<()> {
    eventually(&format!("the problem {code}"), PATIENCE, || async {
        let problems = codes(scene).await?;
        ensure!(problems.contains(code), "{problems:?}");
        Ok(())
    })
    .await
}

async fn no_problems(scene: &Scene) -> Result<()> {
    eventually("no problem any more", PATIENCE, || async {
        let problems = codes(scene).await?;
        ensure!(problems.is_empty(), "{problems:?}");
        Ok(())
    })
    .await
}

async fn codes(scene: &Scene) -> Result<BTreeSet<String>> {
    let problems = scene.cluster("orders").await?.problems;
    Ok(problems.into_iter().map(|problem| problem.code).collect())
}

/// The history has a failover that was not done, and `recovery list` shows it.
async fn would_have_failed_over(scene: &Scene, verdict: &str) -> Result<()> {
    let what = format!("what would have been done about the {verdict}");
    let recovery = eventually(&what, PATIENCE, || async {
        let recoveries = scene.recoveries("orders").await?;
        let mut recoveries = recoveries.into_iter();
        recoveries
            .find(|recovery| recovery.verdict_code == verdict)
            .context("not yet")
    })
    .await?;
    ensure!(
        recovery.state() == v1::RecoveryState::Aborted,
        "{recovery:?}"
    );
    let story = scene.lictor_ok(&["recovery", "show", &recovery.id]).await?;
    let chosen = recovery.new_primary;
    let chosen = chosen.with_context(|| format!("whom would it have promoted?\n{story}"))?;
    let list = scene.lictor_ok(&["recovery", "list"]).await?;
    let line = list.lines().find(|line| line.contains(verdict));
    let line = line.with_context(|| format!("no {verdict} in the list:\n{list}"))?;
    ensure!(
        line.contains("orders-1") && line.contains(&chosen),
        "{line}"
    );
    Ok(())
}

/// Each server's log holds statements of the control account, of both kinds
/// that it looks with, and nothing but those.
async fn only_looked_at(scene: &Scene) -> Result<()> {
    for node in scene.lab.cluster("orders").nodes() {
        let statements = statements_of(CONTROL.user, &general_log(node).await?);
        let name = node.name();
        for look in ["SELECT @@global.server_uuid", "SET SESSION"] {
            let seen = statements
                .iter()
                .any(|statement| statement.starts_with(look));
            ensure!(seen, "the log of {name} lacks what Lictor surely sent");
        }
        let changes: Vec<_> = statements.iter().filter(|sql| !only_looks(sql)).collect();
        ensure!(changes.is_empty(), "sent to {name}: {changes:?}");
    }
    Ok(())
}

/// All that the server has written down of what it was told.
pub(crate) async fn general_log(node: &Node) -> Result<String> {
    let directory = node.value("SELECT @@global.datadir").await?;
    let file = node.value("SELECT @@global.general_log_file").await?;
    let log = tokio::fs::read(Path::new(&directory).join(file)).await?;
    Ok(String::from_utf8_lossy(&log).into_owned())
}

/// The statements of one account's sessions in a general log. An entry is
/// `TIME\tID COMMAND\tARGUMENT`; a line without a time goes on with the one
/// before, but for the heading of each start. Ids begin anew with each start.
pub(crate) fn statements_of(account: &str, log: &str) -> Vec<String> {
    let mut sessions = BTreeSet::new();
    let mut statements: Vec<String> = vec![];
    let mut is_ours = false;
    for line in log.lines() {
        is_ours &= !line.ends_with("started with:");
        let Some((id, command, argument)) = entry(line) else {
            if let Some(statement) = statements.last_mut().filter(|_| is_ours) {
                statement.push('\n');
                statement.push_str(line);
            }
            continue;
        };
        if command == "Connect" {
            if argument.starts_with(&format!("{account}@")) {
                sessions.insert(id);
            } else {
                sessions.remove(id);
            }
        }
        is_ours = ["Query", "Prepare", "Execute"].contains(&command) && sessions.contains(id);
        if is_ours {
            statements.push(argument.to_owned());
        }
    }
    statements
}

fn entry(line: &str) -> Option<(&str, &str, &str)> {
    let (time, rest) = line.split_once('\t')?;
    let is_time = time.ends_with('Z') && time.contains('T') && time.starts_with('2');
    let (session, argument) = rest.split_once('\t')?;
    let (id, command) = session.trim_start().split_once(' ')?;
    is_time.then_some((id, command, argument))
}

/// Whether a text holds only statements that read, or that set what ends with
/// the session. Strictly: what is not known to be harmless is not.
fn only_looks(sql: &str) -> bool {
    let mut statements = sql.trim_end_matches(';').split(';');
    statements.all(|statement| {
        let upper = statement.to_uppercase();
        let words: Vec<&str> = upper
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect();
        let has = |word| words.contains(&word);
        match words.as_slice() {
            ["SELECT", ..] => !has("INTO") && !has("UPDATE") && !has("SHARE"),
            ["SHOW", ..] | ["DO", "0"] | ["DO", "SLEEP", _] => true,
            ["SET", "SESSION", ..] => !has("GLOBAL") && !has("PERSIST") && !has("PERSIST_ONLY"),
            _ => false,
        }
    })
}
