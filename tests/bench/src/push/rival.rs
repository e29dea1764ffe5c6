//! Consul's side: blocking queries on one service, and changes of its entry in
//! the catalog.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use lictor_bench::ms;
use lictor_lab::{Lab, Server};
use serde_json::json;

use crate::figures::Figures;
use crate::load::Crowd;
use crate::ours::Load;
use crate::query::SERVICE;

/// Between two changes, for everything to be quiet again.
const REST: Duration = Duration::from_millis(300);
const DEADLINE: Duration = Duration::from_secs(30);

/// What was measured of Consul.
pub(crate) struct Rival {
    pub(crate) figures: Figures,
    /// The catalog write alone, in milliseconds.
    pub(crate) writes_ms: Vec<f64>,
}

impl Rival {
    /// So many changes with so many queries.
    pub(crate) async fn measure(lab: &Lab, queries: u32, changes: u32) -> Result<Self> {
        let consul = lab.consul();
        let http = reqwest::Client::builder().timeout(DEADLINE).build()?;
        let url = format!("{}/v1/catalog/register", consul.url());
        let register = async |port: u32| -> Result<()> {
            let entry = json!({
                "Node": "bench-push",
                "Address": "127.0.0.1",
                "Service": { "Service": SERVICE, "Port": port, "Tags": ["primary"] },
            });
            let answer = http.put(&url).json(&entry).send().await?;
            ensure!(
                answer.status().is_success(),
                "Consul said {}",
                answer.status()
            );
            Ok(())
        };
        register(1).await?;
        let crowd = Crowd {
            streams: queries,
            connections: queries,
        };
        let server = SocketAddr::from(consul.address()).to_string();
        let mut load = Load::start(server, crowd, None).await?;
        let mut rival = Self {
            figures: Figures::default(),
            writes_ms: vec![],
        };
        for round in 0..changes {
            tokio::time::sleep(REST).await;
            let began = SystemTime::now();
            register(2 + round).await?;
            rival.writes_ms.push(ms(began.elapsed()?));
            let began = u64::try_from(began.duration_since(UNIX_EPOCH)?.as_micros())?;
            let received = load.next().await.context("not everyone was answered")?;
            let late = received
                .at_us
                .into_iter()
                .map(|at| at.saturating_sub(began));
            rival.figures.note(late);
        }
        load.stop().await?;
        Ok(rival)
    }
}
