//! Clusters, their policies and problems.

use std::time::Duration;

use lictor_wire::v1;
use serde::Serialize;

use super::node::{Node, nodes_table};
use super::upkeep::Maintenance;
use super::{Finding, epoch, word};
use crate::output::{Paint, Tone, View, count, plain};

/// A cluster.
#[derive(Debug, Serialize)]
pub(crate) struct Cluster {
    name: String,
    epoch: String,
    primary: String,
    policy: Policy,
    pause: Option<Maintenance>,
    problems: Vec<Problem>,
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Serialize)]
struct Policy {
    mode: String,
    profile: String,
    durability: String,
    budget: Budget,
    max_read_lag_secs: u64,
    rebuild: String,
    on_starved: String,
    no_readers: String,
    keep_readers: String,
    max_readers: String,
    accept_unfenced: bool,
    better_placed: String,
}

#[derive(Debug, Default, Serialize)]
struct Budget {
    failovers: u32,
    window_secs: u64,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    code: String,
    severity: String,
    node: Option<String>,
    sentence: String,
    response: String,
    evidence: Vec<String>,
}

impl From<v1::ClusterView> for Cluster {
    fn from(view: v1::ClusterView) -> Self {
        let name = view.name;
        let nodes = view.nodes.into_iter();
        Self {
            epoch: epoch(view.epoch.as_ref()),
            primary: view.primary,
            policy: view.policy.unwrap_or_default().into(),
            pause: view.pause.map(Into::into),
            problems: view.problems.into_iter().map(Into::into).collect(),
            nodes: nodes.map(|node| Node::new(&name, node)).collect(),
            name,
        }
    }
}

impl From<v1::Policy> for Policy {
    fn from(policy: v1::Policy) -> Self {
        use v1::durability::Kind;
        let durability = match policy.durability.and_then(|durability| durability.kind) {
            Some(Kind::AsyncReplication(_)) => "async".to_owned(),
            Some(Kind::SemiSync(semi_sync)) => format!("semi-sync:{}", semi_sync.acks),
            None => "unknown".to_owned(),
        };
        let budget = policy.budget.unwrap_or_default();
        Self {
            mode: word(policy.mode, v1::Mode::as_str_name, "MODE_"),
            profile: word(policy.profile, v1::Profile::as_str_name, "PROFILE_"),
            durability,
            budget: Budget {
                failovers: budget.failovers,
                window_secs: budget.window_secs,
            },
            max_read_lag_secs: policy.max_read_lag_secs,
            rebuild: word(
                policy.rebuild,
                v1::RebuildPolicy::as_str_name,
                "REBUILD_POLICY_",
            ),
            on_starved: on_starved(policy.on_starved),
            no_readers: word(policy.no_readers, v1::NoReaders::as_str_name, "NO_READERS_"),
            keep_readers: share(policy.keep_readers),
            max_readers: share(policy.max_readers),
            accept_unfenced: policy.accept_unfenced,
            better_placed: word(
                policy.better_placed,
                v1::BetterPlaced::as_str_name,
                "BETTER_PLACED_",
            ),
        }
    }
}

/// As `--on-starved` takes it.
fn on_starved(policy: Option<v1::OnStarved>) -> String {
    use v1::on_starved::Kind;
    match policy.and_then(|policy| policy.kind) {
        Some(Kind::Wait(_)) => "wait".to_owned(),
        Some(Kind::Loosen(loosen)) => {
            let after = humantime::format_duration(Duration::from_secs(loosen.after_secs));
            format!("loosen:{}/{after}", loosen.min_acks)
        }
        None => "unknown".to_owned(),
    }
}

/// As `--keep-readers` takes it.
fn share(share: Option<v1::Share>) -> String {
    use v1::share::Kind;
    match share.and_then(|share| share.kind) {
        Some(Kind::Count(count)) => count.to_string(),
        Some(Kind::Percent(percent)) => format!("{percent}%"),
        None => "unknown".to_owned(),
    }
}

impl From<v1::Problem> for Problem {
    fn from(problem: v1::Problem) -> Self {
        let evidence = problem.evidence.into_iter();
        Self {
            code: problem.code,
            severity: word(problem.severity, v1::Severity::as_str_name, "SEVERITY_"),
            node: problem.node,
            sentence: problem.sentence,
            response: problem.response,
            evidence: evidence.map(|fact| fact.sentence).collect(),
        }
    }
}

impl Problem {
    fn tone(&self) -> Tone {
        match self.severity.as_str() {
            "info" => Tone::Plain,
            "warning" => Tone::Doubtful,
            _ => Tone::Bad,
        }
    }

    pub(crate) fn text(&self, paint: Paint) -> String {
        let mut lines = vec![format!(
            "{}: {}",
            paint.tone(&self.code, self.tone()),
            self.sentence
        )];
        lines.extend(self.evidence.iter().map(|fact| format!("  - {fact}")));
        if !self.response.is_empty() {
            lines.push(format!("  {}", self.response));
        }
        lines.join("\n")
    }
}

impl Cluster {
    /// Its problems in a word or two.
    fn state(&self) -> (String, Tone) {
        let worst = self.problems.iter().map(Problem::tone).max();
        match (worst, self.problems.first()) {
            (Some(tone), Some(first)) if self.problems.len() == 1 => (first.code.clone(), tone),
            (Some(tone), Some(first)) => {
                (format!("{} +{}", first.code, self.problems.len() - 1), tone)
            }
            _ => self.health(),
        }
    }

    /// Without a problem: a node may be unwell before it is one.
    fn health(&self) -> (String, Tone) {
        let unwell = |node: &&Node| node.health().1 > Tone::Good;
        match self.nodes.iter().find(unwell) {
            Some(node) => {
                let (word, tone) = node.health();
                (format!("{} {word}", node.name), tone)
            }
            None => ("healthy".to_owned(), Tone::Good),
        }
    }

    fn policy_text(&self) -> String {
        let policy = &self.policy;
        format!(
            "mode {}, profile {}, durability {}, when starved {}\n\
             at most {} in {}, reads up to {} s behind, readers {} to {}, else {}\n\
             rebuild {}, better-placed {}, a failover without a proof {}",
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
        )
    }
}

impl View for Cluster {
    fn text(&self, paint: Paint) -> String {
        let problems = self.problems.iter().map(|problem| problem.text(paint));
        let (state, tone) = self.state();
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
            self.policy_text(),
        );
        let paused = self.pause.as_ref().map(|pause| {
            let line = format!("paused {}", pause.text());
            format!("{head}\n{}", paint.tone(&line, Tone::Doubtful))
        });
        std::iter::once(paused.unwrap_or(head))
            .chain(problems)
            .chain(std::iter::once(nodes_table(&self.nodes, paint)))
            .collect::<Vec<_>>()
            .join("\n\n")
    }
}

/// Several clusters.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Clusters(pub(crate) Vec<Cluster>);

impl View for Clusters {
    fn text(&self, paint: Paint) -> String {
        if self.0.is_empty() {
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
                    None => plain(&cluster.policy.mode),
                },
                plain(&cluster.policy.durability),
                plain(cluster.nodes.len().to_string()),
                cluster.state(),
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
            self.0.iter().map(row),
        )
    }
}

/// What came of adding a cluster.
#[derive(Debug, Serialize)]
pub(crate) struct Added {
    created: bool,
    findings: Vec<Finding>,
    cluster: Option<Cluster>,
}

impl From<v1::AddClusterResponse> for Added {
    fn from(response: v1::AddClusterResponse) -> Self {
        Self {
            created: response.created,
            findings: response.findings.into_iter().map(Into::into).collect(),
            cluster: response.cluster.map(Into::into),
        }
    }
}

impl View for Added {
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
            let findings: Vec<_> = self.findings.iter().map(Finding::text).collect();
            parts.push(format!("{title}\n{}", findings.join("\n")));
        }
        parts.extend(self.cluster.as_ref().map(|cluster| cluster.text(paint)));
        parts.join("\n\n")
    }
}
