//! Switchovers amid load, undisturbed and disturbed.

use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lictor_integration::PATIENCE;
use lictor_lab::{Node, Server, eventually};

use super::{Arena, CLUSTER, Roles};
use crate::deck::Blow;

/// Machines are slow: what is undisturbed must not fail for that.
const PAUSE: &str = "20s";

/// A replica no further behind than this is up to date.
const FRESH: Duration = Duration::from_secs(1);

impl Arena {
    /// Nothing disturbs it: it must be done.
    pub(super) async fn switch_over(&self, roles: &Roles<'_>) -> Result<String> {
        let to = self.candidate(roles).await?;
        let output = self.order(to).await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "not done: {said}{error}");
        self.led_by(to).await
    }

    /// Something happens to one who takes part, so long after the order; whatever
    /// it hits must not lead in the end.
    pub(super) async fn strike(
        &self,
        blow: Blow,
        after: Duration,
        roles: &Roles<'_>,
    ) -> Result<String> {
        let (lictord, primary) = (self.scene.lab.lictord(), roles.primary);
        let candidate = self.candidate(roles).await?;
        let blow_falls = async {
            tokio::time::sleep(after).await;
            match blow {
                Blow::KillLictord => lictord.kill(),
                Blow::KillPrimary => primary.kill(),
                Blow::HangPrimary => primary.freeze(),
                Blow::KillCandidate => candidate.kill(),
                Blow::HangCandidate => candidate.freeze(),
            }
        };
        let (ordered, fallen) = tokio::join!(self.order(candidate), blow_falls);
        fallen?;
        let how = match ordered {
            Ok(output) if output.status.success() => "done",
            _ => "not done",
        };
        let told = match blow {
            Blow::KillLictord => self.goes_on_without_lictord().await,
            Blow::KillPrimary => self.started_when_another_leads(primary).await,
            Blow::KillCandidate => self.started_when_another_leads(candidate).await,
            Blow::HangPrimary => self.thawed_when_another_leads(primary).await,
            Blow::HangCandidate => self.thawed_when_another_leads(candidate).await,
        };
        Ok(format!(
            "{how}, hit after {} ms; {}",
            after.as_millis(),
            told?
        ))
    }

    /// The first replica that may be switched to: one that was built anew may be
    /// minutes behind.
    async fn candidate<'a>(&self, roles: &Roles<'a>) -> Result<&'a Node> {
        eventually("a replica that is not behind", PATIENCE, || async {
            let view = self.scene.cluster(CLUSTER).await?;
            let lag = |node: &Node| {
                let seen = view.nodes.iter().find(|seen| seen.name == node.name());
                seen.and_then(|seen| seen.lag_us).map(Duration::from_micros)
            };
            let fresh = |node: &&Node| lag(node).is_some_and(|lag| lag < FRESH);
            let first = roles.replicas.iter().copied().find(fresh);
            first.context("everyone is behind")
        })
        .await
    }

    async fn order(&self, to: &Node) -> Result<Output> {
        let order = ["cluster", "switchover", CLUSTER, "--to", to.name()];
        let how = ["--pause", PAUSE, "--reason", "chaos"];
        self.scene.lictor(&[&order[..], &how].concat()).await
    }

    /// Those who hold wait for its return.
    async fn goes_on_without_lictord(&self) -> Result<String> {
        self.scene.lab.restart("lictord").await?;
        Ok("lictord is back".to_owned())
    }

    async fn started_when_another_leads(&self, killed: &Node) -> Result<String> {
        let primary = self.another_leads(killed).await?;
        killed.start().await?;
        Ok(primary)
    }

    async fn thawed_when_another_leads(&self, hung: &Node) -> Result<String> {
        let primary = self.another_leads(hung).await?;
        hung.thaw()?;
        Ok(primary)
    }

    async fn another_leads(&self, than: &Node) -> Result<String> {
        let leader = self.scene.new_primary(CLUSTER, than.name()).await?;
        Ok(format!("{} leads", leader.name()))
    }

    async fn led_by(&self, node: &Node) -> Result<String> {
        eventually("the candidate to lead", PATIENCE, || async {
            let view = self.scene.cluster(CLUSTER).await?;
            ensure!(view.primary == node.name(), "{} leads", view.primary);
            Ok(format!("{} leads", view.primary))
        })
        .await
    }
}
