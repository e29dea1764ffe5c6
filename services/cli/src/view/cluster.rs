//! Clusters, their policies and problems.

use std::time::Duration;

use lictor_view::{AddedCluster, Cluster, Node, NodeConnections, Objectives, Policy, Problem};

use super::node::{health, nodes_table};
use super::{finding, of_severity, upkeep};
use crate::output::{Paint, Tone, View, count, or_dash, plain};

/// As a line of the policy; nothing where nothing is promised.
fn promised(objectives: &Objectives) -> String {
    let time = |secs| humantime::format_duration(Duration::from_secs(secs));
    let percent = objectives.availability_percent;
    let promises = [
        percent.map(|percent| format!("available {percent} %")),
        objectives
            .rto_secs
            .map(|secs| format!("RTO {}", time(secs))),
        objectives
            .rpo_secs
            .map(|secs| format!("RPO {}", time(secs))),
    ];
    let promises: Vec<_> = promises.into_iter().flatten().collect();
    if promises.is_empty() {
        return String::new();
    }
    format!("\npromised: {}", promises.join(", "))
}

impl View for Vec<NodeConnections> {
    fn text(&self, paint: Paint) -> String {
        let number = |number: Option<u32>| plain(or_dash(number.map(|it| it.to_string())));
        let row = |node: &NodeConnections| {
            let there = node
                .max_connections
                .map(|all| u64::from(all.saturating_sub(node.reserve)));
            let fits = there.is_some_and(|there| node.handed_out <= there);
            vec![
                plain(&node.node),
                number(node.max_connections),
                plain(node.reserve.to_string()),
                plain(node.pools.to_string()),
                number(node.share),
                (
                    node.handed_out.to_string(),
                    if fits { Tone::Good } else { Tone::Doubtful },
                ),
            ]
        };
        let header = [
            "NODE",
            "MAX_CONNECTIONS",
            "RESERVE",
            "POOLS",
            "SHARE OF EACH",
            "TOGETHER",
        ];
        paint.table(&header, self.iter().map(row))
    }
}

/// A problem with what it rests on, and what is done about it.
pub(super) fn problem(problem: &Problem, paint: Paint) -> String {
    let code = paint.tone(&problem.code, of_severity(problem.severity));
    let mut lines = vec![format!("{code}: {}", problem.sentence)];
    lines.extend(problem.evidence.iter().map(|fact| format!("  - {fact}")));
    if !problem.response.is_empty() {
        lines.push(format!("  {}", problem.response));
    }
    lines.join("\n")
}

/// Its problems in a word or two.
fn state(cluster: &Cluster) -> (String, Tone) {
    let problems = &cluster.problems;
    let worst = problems.iter().map(|it| of_severity(it.severity)).max();
    match (worst, problems.first()) {
        (Some(tone), Some(first)) if problems.len() == 1 => (first.code.clone(), tone),
        (Some(tone), Some(first)) => (format!("{} +{}", first.code, problems.len() - 1), tone),
        _ => well(&cluster.nodes),
    }
}

/// Without a problem: a node may be unwell before it is one.
fn well(nodes: &[Node]) -> (String, Tone) {
    let unwell = |node: &&Node| health(node).1 > Tone::Good;
    match nodes.iter().find(unwell) {
        Some(node) => {
            let (word, tone) = health(node);
            (format!("{} {word}", node.name), tone)
        }
        None => ("healthy".to_owned(), Tone::Good),
    }
}

fn policy(policy: &Policy) -> String {
    format!(
        "mode {}, profile {}, durability {}, when starved {}\n\
         at most {} in {}, reads up to {} s behind, readers {} to {}, else {}\n\
         rebuild {}, better-placed {}, a failover without a proof {}{}",
        policy.mode,
        policy.profile,
        policy.durability,
        policy.on_starved,
        count(policy.budget.failovers as usize, "failover"),
        humantime::format_duration(Duration::from_secs(policy.budget.window_secs)),
        policy.max_read_lag_secs,
        policy.keep_readers,
        policy.max_readers,
        policy.no_readers,
        policy.rebuild,
        policy.better_placed,
        if policy.accept_unfenced {
            "is accepted"
        } else {
            "is refused"
        },
        promised(&policy.objectives),
    )
}

impl View for Cluster {
    fn text(&self, paint: Paint) -> String {
        let problems = self.problems.iter().map(|it| problem(it, paint));
        let (state, tone) = state(self);
        let state = if self.problems.is_empty() {
            state
        } else {
            count(self.problems.len(), "problem")
        };
        let head = format!(
            "{}  {}  primary {}  epoch {}\n{}",
            paint.bold(&self.name),
            paint.tone(&state, tone),
            self.primary,
            self.epoch,
            policy(&self.policy),
        );
        let paused = self.pause.as_ref().map(|pause| {
            let line = format!("paused {}", upkeep::left(pause));
            format!("{head}\n{}", paint.tone(&line, Tone::Doubtful))
        });
        std::iter::once(paused.unwrap_or(head))
            .chain(problems)
            .chain(std::iter::once(nodes_table(&self.nodes, paint)))
            .collect::<Vec<_>>()
            .join("\n\n")
    }
}

impl View for Vec<Cluster> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "There is no cluster yet; `lictor cluster add NAME --seed HOST:PORT` adds one."
                .to_owned();
        }
        let row = |cluster: &Cluster| {
            vec![
                plain(&cluster.name),
                plain(&cluster.primary),
                plain(&cluster.epoch),
                match cluster.pause {
                    Some(_) => (format!("{}, paused", cluster.policy.mode), Tone::Doubtful),
                    None => plain(cluster.policy.mode.as_str()),
                },
                plain(&cluster.policy.durability),
                plain(cluster.nodes.len().to_string()),
                state(cluster),
            ]
        };
        paint.table(
            &[
                "NAME",
                "PRIMARY",
                "EPOCH",
                "MODE",
                "DURABILITY",
                "NODES",
                "STATE",
            ],
            self.iter().map(row),
        )
    }
}

impl View for AddedCluster {
    fn text(&self, paint: Paint) -> String {
        let head = match (&self.cluster, self.created) {
            (Some(cluster), true) => format!(
                "Added cluster {} with {}.",
                cluster.name,
                count(cluster.nodes.len(), "node")
            ),
            (Some(cluster), false) => {
                format!(
                    "Cluster {} was known already, and is up to date now.",
                    cluster.name
                )
            }
            (None, _) => "Done.".to_owned(),
        };
        let mut parts = vec![paint.tone(&head, Tone::Good)];
        if !self.findings.is_empty() {
            let title = paint.tone("Worth a look:", Tone::Doubtful);
            let findings: Vec<_> = self.findings.iter().map(finding).collect();
            parts.push(format!("{title}\n{}", findings.join("\n")));
        }
        parts.extend(self.cluster.as_ref().map(|cluster| cluster.text(paint)));
        parts.join("\n\n")
    }
}
