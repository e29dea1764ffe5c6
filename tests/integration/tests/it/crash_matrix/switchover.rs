//! lictord dies at every single step of a switchover, also of one that is undone,
//! and the next one is done.

use anyhow::{Context, Result, ensure};
use lictor_lab::{Node, Server};

use super::{CLUSTER, Matrix, Point, after, before};

/// Longer than any step takes by itself.
const AMPLE: &str = "30s";

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_candidate_is_opened_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    let deaths = [
        before("store-intent"),
        after("store-intent"),
        after("clear-transactions"),
        after("catch-up"),
        after("hold"),
        after("close"),
        after("catch-up").second(),
    ];
    matrix.switchovers(&deaths.map(at)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_candidate_was_opened_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    let deaths = [
        after("promote"),
        after("publish"),
        before("repoint"),
        after("repoint"),
        before("demote"),
        after("demote"),
        after("detach"),
    ];
    matrix.switchovers(&deaths.map(at)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_a_switchover_is_undone_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    // The news of the opening, or of the closing, comes after the pause.
    let unheard = |step, point| Death {
        slow: Some(step),
        pause: "4s",
        point,
    };
    let deaths = [
        unheard("promote", after("close-forcibly")),
        unheard("promote", after("reopen")),
        unheard("promote", after("follow")),
        unheard("close", after("reopen")),
    ];
    matrix.switchovers(&deaths).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_a_switchover_is_written_down_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    // The end of the one before is written down too: each begins anew.
    for point in [before("write-primacy"), after("write-primacy")] {
        matrix.switchovers(&[at(point)]).await.unwrap();
    }
    for point in [before("write-entry"), after("write-entry")] {
        matrix.switchovers(&[at(point)]).await.unwrap();
    }
}

/// How lictord dies amid a switchover.
#[derive(Clone, Copy)]
struct Death {
    /// A step whose end it hears of too late.
    slow: Option<&'static str>,
    pause: &'static str,
    point: Point,
}

const fn at(point: Point) -> Death {
    Death {
        slow: None,
        pause: AMPLE,
        point,
    }
}

impl Death {
    fn armed(self) -> String {
        let point = self.point.armed();
        match self.slow {
            Some(step) => format!("{step}.after=return(8000);{point}"),
            None => point,
        }
    }
}

impl Matrix {
    /// lictord dies amid one switchover after another; a last one is done.
    async fn switchovers(&mut self, deaths: &[Death]) -> Result<()> {
        let first = deaths.first().context("no death")?;
        self.arm(&first.armed()).await?;
        let mut next = deaths.iter().skip(1);
        for death in deaths {
            // What ends one makes ready for the next.
            let armed = next.next().map(|death| death.armed());
            self.dies(*death, &armed.unwrap_or_default())
                .await
                .with_context(|| death.point.told())?;
        }
        self.switches_over().await.context("and the next one")
    }

    async fn dies(&mut self, death: Death, next: &str) -> Result<()> {
        let load = self.load().await?;
        let to = self.other().await?.name();
        let how = ["--to", to, "--pause", death.pause];
        let order = [&["cluster", "switchover", CLUSTER][..], &how].concat();
        let (said, ended) = tokio::join!(self.scene.lictor(&order), self.ended_at(death.point));
        ended.with_context(|| format!("{said:?}"))?;
        let lictord = self.scene.lab.lictord();
        lictord.start_with_failpoints(next).await?;
        lictord.wait_ready().await?;
        self.all_is_well(load).await
    }

    async fn switches_over(&mut self) -> Result<()> {
        let load = self.load().await?;
        let to = self.other().await?.name();
        let order = ["cluster", "switchover", CLUSTER, "--to", to];
        let how = ["--pause", AMPLE];
        self.scene.lictor_ok(&[&order[..], &how].concat()).await?;
        self.all_is_well(load).await?;
        let primary = self.scene.cluster(CLUSTER).await?.primary;
        ensure!(primary == to, "{primary} is the primary instead of {to}");
        Ok(())
    }

    /// A node that is not the primary.
    async fn other(&self) -> Result<&Node> {
        let primary = self.scene.cluster(CLUSTER).await?.primary;
        let nodes = self.scene.lab.cluster(CLUSTER).nodes();
        let other = nodes.iter().find(|node| node.name() != primary);
        other.context("no replica")
    }
}
