//! A blocking query of Consul over a connection that stays open: it is answered
//! when the service has changed since the index it names, and asked again.

use anyhow::{Context, Result, ensure};

use crate::peer::{Change, Peer};

/// The service that is watched.
pub(crate) const SERVICE: &str = "bench-push";

/// One who watches the service.
#[derive(Default)]
pub(crate) struct Query {
    partial: Vec<u8>,
}

impl Peer for Query {
    fn open(&mut self, say: &mut Vec<u8>) {
        say.extend(ask(0));
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        heard: &mut dyn FnMut(Change),
        say: &mut Vec<u8>,
    ) -> Result<()> {
        self.partial.extend_from_slice(bytes);
        let Some(end) = self.partial.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(());
        };
        let top = std::str::from_utf8(&self.partial[..end])?;
        ensure!(top.starts_with("HTTP/1.1 200"), "Consul said: {top}");
        let length: usize = header(top, "content-length")?;
        if self.partial.len() < end + 4 + length {
            return Ok(());
        }
        let index = header(top, "x-consul-index")?;
        self.partial.clear();
        heard(index);
        say.extend(ask(index));
        Ok(())
    }
}

fn ask(index: u64) -> Vec<u8> {
    format!(
        "GET /v1/health/service/{SERVICE}?index={index}&wait=5m HTTP/1.1\r\nHost: consul\r\n\r\n"
    )
    .into_bytes()
}

fn header<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    head: &str,
    name: &str,
) -> Result<T> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let line = lines.find(|(header, _)| header.eq_ignore_ascii_case(name));
    let (_, value) = line.with_context(|| format!("no {name} in: {head}"))?;
    Ok(value.trim().parse()?)
}
