//! What is looked at before a switchover. A rehearsal shows the same list.
//!
//! Everything is judged by what nodes said a moment ago: unknown blocks.

use std::time::Duration;

use lictor_domain::evidence::human;
use lictor_domain::switchover::{Check, CheckCode, Finding};
use lictor_domain::{
    CandidateVerdict, LongTransactions, Mode, Mono, Node, NodeName, NodeReport, OpenTransaction,
    Order, Preflight, ReceiverState, Recovery,
};

use crate::candidate;
use crate::errant::errant;
use crate::replica;
use crate::timing::{Timing, deadline};
use crate::verdict::{self, Verdict};
use crate::view::ClusterView;

/// What is known beside the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Transactions that are open for long on the primary, or why they cannot be
    /// listed.
    pub transactions: Result<Vec<OpenTransaction>, String>,
    /// How many subscribers are asked to hold.
    pub subscribers: u32,
}

/// Looks at everything. `under_way` is what occupies the cluster already.
#[must_use]
pub fn preflight(
    view: &ClusterView,
    order: &Order,
    facts: &Facts,
    under_way: Option<&Recovery>,
    timing: &Timing,
    now: Mono,
) -> Preflight {
    let candidates = candidate::planned(view);
    let candidate = order.to.as_ref().or_else(|| elected(view, &candidates));
    let look = Look {
        view,
        order,
        timing,
        now,
    };
    let mut checks = vec![
        look.primary(),
        look.mode(),
        self::under_way(under_way),
        look.candidate(candidate),
    ];
    let replica = candidate.and_then(|name| view.cluster.node(name));
    if let Some(node) = replica.filter(|node| node.name != view.cluster.primary) {
        checks.push(look.answers(node));
        checks.push(fit(node, &candidates));
        if let Some(report) = look.report(&node.name) {
            checks.push(look.follows(node, report));
            checks.push(look.lag(node));
            checks.push(look.errant(node));
            checks.push(look.semi_sync(node, report));
            checks.push(look.versions(node, report));
        }
    }
    checks.push(look.transactions(facts));
    checks.push(subscribers(facts));
    checks.push(check(
        CheckCode::Budget,
        Ok("a switchover does not count against the budget of failovers".to_owned()),
    ));
    Preflight {
        checks,
        candidate: candidate.cloned(),
        candidates,
    }
}

/// The best there is among those that follow the primary itself; without any, the
/// best there is.
fn elected<'a>(view: &ClusterView, candidates: &'a [CandidateVerdict]) -> Option<&'a NodeName> {
    let ranked = || candidates.iter().filter(|verdict| verdict.rank.is_some());
    let follows = |verdict: &&CandidateVerdict| {
        let report = view.node(&verdict.node).report();
        report.is_some_and(|report| view.follows_primary(report))
    };
    let best = ranked().find(follows).or_else(|| ranked().next());
    best.map(|verdict| &verdict.node)
}

/// Blocks, or not.
fn check(code: CheckCode, found: Result<String, String>) -> Check {
    let (finding, sentence) = match found {
        Ok(sentence) => (Finding::Ok, sentence),
        Err(sentence) => (Finding::Blocker, sentence),
    };
    Check {
        code,
        finding,
        sentence,
    }
}

const fn warning(code: CheckCode, sentence: String) -> Check {
    Check {
        code,
        finding: Finding::Warning,
        sentence,
    }
}

fn under_way(record: Option<&Recovery>) -> Check {
    let found = match record {
        None => Ok("nothing else is under way".to_owned()),
        Some(record) => Err(format!(
            "the {} {} is under way: wait for its end",
            record.kind, record.id
        )),
    };
    check(CheckCode::NoRecovery, found)
}

/// The candidate's definition and settings; what it says of its replication has
/// checks of its own.
fn fit(node: &Node, candidates: &[CandidateVerdict]) -> Check {
    let verdict = candidates.iter().find(|verdict| verdict.node == node.name);
    let reasons = verdict.map(|verdict| verdict.rejections.as_slice());
    let reasons: Vec<_> = reasons
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    let name = &node.name;
    let found = if reasons.is_empty() {
        Ok(format!("nothing forbids {name} to be the primary"))
    } else {
        Err(format!(
            "{name} cannot be the primary: {}",
            reasons.join("; ")
        ))
    };
    check(CheckCode::CandidateFit, found)
}

fn subscribers(facts: &Facts) -> Check {
    let code = CheckCode::Subscribers;
    match facts.subscribers {
        0 => warning(
            code,
            "nobody subscribes to the route: writers that find the primary by DNS meet a \
             read-only server for a moment"
                .to_owned(),
        ),
        1 => check(
            code,
            Ok("1 subscriber is asked to hold its writes".to_owned()),
        ),
        count => check(
            code,
            Ok(format!(
                "{count} subscribers are asked to hold their writes"
            )),
        ),
    }
}

struct Look<'a> {
    view: &'a ClusterView,
    order: &'a Order,
    timing: &'a Timing,
    now: Mono,
}

impl<'a> Look<'a> {
    fn report(&self, name: &NodeName) -> Option<&'a NodeReport> {
        let node = self.view.node(name);
        node.fresh_report(self.now, self.timing.reader_patience)
    }

    fn primary(&self) -> Check {
        let name = &self.view.cluster.primary;
        let alive = verdict::of_primary(self.view, self.timing, self.now) == Verdict::Alive;
        let found = match self.report(name) {
            None => Err(format!("{name}, the primary, does not answer")),
            Some(_) if !alive => Err(format!("{name}, the primary, is suspected to be lost")),
            Some(report) if !report.writability.accepts_writes() => {
                Err(format!("{name}, the primary, takes no writes"))
            }
            Some(_) => Ok(format!("{name}, the primary, answers and takes writes")),
        };
        check(CheckCode::PrimaryHealthy, found)
    }

    fn mode(&self) -> Check {
        let found = match self.view.cluster.policy.mode {
            Mode::Observe => {
                Err("the mode is observe: Lictor touches no node; set it to manual or auto".into())
            }
            mode => match &self.view.cluster.pause {
                Some(pause) => Err(format!(
                    "the cluster is paused by {}: resume it first",
                    pause.owner
                )),
                None => Ok(format!("the mode is {mode}")),
            },
        };
        check(CheckCode::Mode, found)
    }

    fn candidate(&self, candidate: Option<&NodeName>) -> Check {
        let cluster = &self.view.cluster;
        let found = match candidate {
            None => Err("no replica can be the primary".to_owned()),
            Some(name) if *name == cluster.primary => Err(format!("{name} is the primary already")),
            Some(name) if cluster.node(name).is_none() => {
                Err(format!("{name} is no node of cluster {}", cluster.name))
            }
            Some(name) if self.order.to.is_some() => Ok(format!("{name} is wanted as the primary")),
            Some(name) => Ok(format!("{name} is elected to be the primary")),
        };
        check(CheckCode::Candidate, found)
    }

    fn answers(&self, node: &Node) -> Check {
        let name = &node.name;
        let found = match self.report(name) {
            Some(_) => Ok(format!("{name} answers")),
            None => Err(format!("{name} does not answer")),
        };
        check(CheckCode::CandidateAnswers, found)
    }

    fn follows(&self, node: &Node, report: &NodeReport) -> Check {
        let (name, primary) = (&node.name, &self.view.cluster.primary);
        let replication = report.replication.as_ref();
        let found = match replication.filter(|_| self.view.follows_primary(report)) {
            None if replica::leads_to_primary(self.view, report) => Err(format!(
                "{name} follows {primary} through another: lictor node repoint {name} --to primary"
            )),
            None => Err(format!("{name} does not replicate from {primary}")),
            Some(_) if let Some(stray) = self.stray_below(node) => Err(format!(
                "{stray} follows {name}, where it is not to be: wait until it has been moved"
            )),
            Some(r) if r.receiver != ReceiverState::Running => {
                Err(format!("the receiver of {name} does not run"))
            }
            Some(r) if !r.applier_running => Err(format!("the applier of {name} does not run")),
            Some(_) => Ok(format!("{name} replicates from {primary}")),
        };
        check(CheckCode::CandidateFollows, found)
    }

    /// Somebody who follows the candidate without being told to would look, to a
    /// next leader, as if the candidate had been opened.
    fn stray_below(&self, candidate: &Node) -> Option<&NodeName> {
        let cluster = &self.view.cluster;
        let mut replicas = self.view.replicas();
        let stray = replicas.find(|(node, seen)| {
            let told = seen.report().and_then(|report| report.replication.as_ref());
            told.is_some_and(|replication| replication.source == candidate.address)
                && !cluster.is_below(&node.name, &candidate.name)
        });
        stray.map(|(node, _)| &node.name)
    }

    /// Between two known lags it is at most as far behind as time has passed.
    fn lag(&self, node: &Node) -> Check {
        let name = &node.name;
        let found = match replica::staleness(self.view.node(name), self.now) {
            None => Err(format!("how far {name} is behind is unknown")),
            Some(lag) if lag > self.order.pause => Err(format!(
                "{name} is {} behind, and writes may be paused for {}",
                human(lag),
                human(self.order.pause)
            )),
            Some(lag) => Ok(format!("{name} is {} behind", human(lag))),
        };
        check(CheckCode::CandidateLag, found)
    }

    fn errant(&self, node: &Node) -> Check {
        let name = &node.name;
        let found = match errant(self.view, name) {
            None => Err(format!(
                "whether {name} holds errant transactions is unknown"
            )),
            Some(set) if set.is_empty() => Ok(format!("{name} holds no errant transactions")),
            Some(set) => Err(format!(
                "{name} holds errant transactions: {}",
                set.summary(4)
            )),
        };
        check(CheckCode::NoErrantGtids, found)
    }

    /// Who acknowledges afterwards: everyone that follows the primary or the
    /// candidate now, and the old primary in the candidate's place.
    fn semi_sync(&self, node: &Node, report: &NodeReport) -> Check {
        let acks = self.view.cluster.policy.durability.acks() as usize;
        let able = |report: &NodeReport| report.semi_sync.is_some();
        let follows = |report: &NodeReport| {
            let replication = report.replication.as_ref();
            self.view.follows_primary(report)
                || replication.is_some_and(|r| r.source == node.address)
        };
        let others = self.view.replicas().filter(|(other, _)| {
            let report = self.report(&other.name);
            other.name != node.name
                && other.quarantine.is_none()
                && report.is_some_and(|r| able(r) && follows(r))
        });
        let old = self.report(&self.view.cluster.primary).is_some_and(able);
        let ackers = others.count() + usize::from(old);
        let name = &node.name;
        let found = if acks == 0 {
            Ok("the policy is async: commits wait for nobody".to_owned())
        } else if !able(report) {
            Err(format!("{name} does not have the semi-sync plugins"))
        } else if ackers < acks {
            Err(format!(
                "{ackers} node(s) could acknowledge to {name}, and the policy demands {acks}"
            ))
        } else {
            Ok(format!("{ackers} node(s) can acknowledge to {name}"))
        };
        check(CheckCode::SemiSync, found)
    }

    fn versions(&self, node: &Node, report: &NodeReport) -> Check {
        let older = self.view.cluster.nodes.iter().filter(|other| {
            let theirs = self.view.node(&other.name).report();
            theirs.is_some_and(|theirs| theirs.version < report.version)
        });
        let older: Vec<_> = older.map(|node| node.name.as_str()).collect();
        let (name, version) = (&node.name, report.version);
        if older.is_empty() {
            let sentence = format!("nobody is older than {name} with version {version}");
            return check(CheckCode::VersionOrder, Ok(sentence));
        }
        let sentence = format!(
            "{} would follow {name}, which is newer with version {version}: that is not supported \
             by MySQL",
            older.join(", ")
        );
        warning(CheckCode::VersionOrder, sentence)
    }

    fn transactions(&self, facts: &Facts) -> Check {
        const SHOWN: usize = 5;
        let code = CheckCode::LongTransactions;
        let age = human(self.order.older_than);
        let open = match &facts.transactions {
            Err(error) => {
                let sentence = format!("long transactions cannot be listed: {error}");
                return check(code, Err(sentence));
            }
            Ok(open) if open.is_empty() => {
                return check(
                    code,
                    Ok(format!("no transaction is open for {age} or longer")),
                );
            }
            Ok(open) => open,
        };
        let listed: Vec<_> = open.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = open.len().saturating_sub(SHOWN);
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        let listed = format!("open for {age} or longer: {}{more}", listed.join("; "));
        let patience: Duration = deadline::TRANSACTIONS;
        match self.order.transactions {
            LongTransactions::Refuse => check(code, Err(listed)),
            LongTransactions::Wait => warning(
                code,
                format!("{listed}; they are waited for, up to {}", human(patience)),
            ),
            LongTransactions::Kill => warning(code, format!("{listed}; they are ended")),
        }
    }
}

#[cfg(test)]
mod tests;
