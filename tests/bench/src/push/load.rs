//! The load: one process, one thread, every connection of a part. It reads what
//! has come on all connections, notes when, and answers once nothing more comes
//! for a moment: subscribers on machines of their own would not take the server's
//! processors to answer. It does the same to Lictor and to Consul.
//!
//! It tells the benchmark by lines on its standard output: [`READY`] when all
//! have their first state, then one line of JSON for each change that all have.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};

use crate::peer::{Change, Peer};
use crate::process::take_all_handles;
use crate::query::Query;
use crate::subscriber::Subscribers;

/// All have their first state.
pub(crate) const READY: &str = "ready";
/// Connections from one address: Consul takes 200.
const FROM_ONE_ADDRESS: u32 = 150;
/// What comes within this is read together; everyone is noted as much later.
const TOGETHER: Duration = Duration::from_micros(500);
/// Connections that are opened before what they say is waited for.
const AT_ONCE: u32 = 50;
const PATIENCE: Duration = Duration::from_mins(1);

/// How many subscribe, on how many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) streams: u32,
    pub(crate) connections: u32,
}

/// When each of them had a change, in microseconds since 1970, rising.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) change: Change,
    pub(crate) at_us: Vec<u64>,
}

struct Line {
    stream: TcpStream,
    peer: Box<dyn Peer>,
    unsaid: Vec<u8>,
}

struct Load {
    poll: Poll,
    lines: Vec<Line>,
    /// What was heard of each change.
    heard: BTreeMap<Change, Vec<u64>>,
    everyone: usize,
    buffer: Vec<u8>,
    /// Those with something to say, perhaps.
    touched: Vec<Token>,
}

/// Runs the load until its standard input or output is closed.
pub(crate) fn run(
    server: SocketAddr,
    streams: u32,
    connections: u32,
    token_file: Option<&Path>,
) -> Result<()> {
    take_all_handles()?;
    let token = token_file.map(fs::read_to_string).transpose()?;
    let mut load = Load {
        poll: Poll::new()?,
        lines: vec![],
        heard: BTreeMap::new(),
        everyone: usize::try_from(streams)?,
        buffer: vec![0; 64 * 1024],
        touched: vec![],
    };
    for number in 0..connections {
        let peer: Box<dyn Peer> = match &token {
            None => Box::new(Query::default()),
            Some(token) => Box::new(Subscribers::new(number, streams / connections, token)),
        };
        load.connect(server, number, peer)?;
        if number % AT_ONCE == 0 {
            load.settle(Duration::from_millis(1))?;
        }
    }
    let mut out = std::io::stdout().lock();
    let mut ready = false;
    let mut events = Events::with_capacity(4096);
    loop {
        load.turn(&mut events, Some(PATIENCE))?;
        while let Some(received) = load.whole() {
            if ready {
                serde_json::to_writer(&mut out, &received)?;
            } else {
                write!(out, "{READY}")?;
                ready = true;
            }
            writeln!(out)?;
            out.flush()?;
        }
    }
}

impl Load {
    fn connect(&mut self, server: SocketAddr, number: u32, peer: Box<dyn Peer>) -> Result<()> {
        let stream = connection(server, number)?;
        let mut line = Line {
            stream,
            peer,
            unsaid: vec![],
        };
        let token = Token(self.lines.len());
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut line.stream, token, both)?;
        line.peer.open(&mut line.unsaid);
        line.say()?;
        self.lines.push(line);
        Ok(())
    }

    /// Serves what comes until nothing does for so long.
    fn settle(&mut self, quiet: Duration) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        while self.turn(&mut events, Some(quiet))? {}
        Ok(())
    }

    /// Waits, reads what comes until nothing does, and answers; whether anything
    /// came.
    fn turn(&mut self, events: &mut Events, wait: Option<Duration>) -> Result<bool> {
        if !self.read(events, wait)? {
            return Ok(false);
        }
        loop {
            std::thread::sleep(TOGETHER);
            if !self.read(events, Some(Duration::ZERO))? {
                break;
            }
        }
        for token in std::mem::take(&mut self.touched) {
            self.lines.get_mut(token.0).context("no line")?.say()?;
        }
        Ok(true)
    }

    fn read(&mut self, events: &mut Events, wait: Option<Duration>) -> Result<bool> {
        match self.poll.poll(events, wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            polled => polled?,
        }
        let heard = &mut self.heard;
        for event in &*events {
            if event.is_readable() {
                let line = self.lines.get_mut(event.token().0).context("no line")?;
                line.hear(&mut self.buffer, heard)?;
            }
            self.touched.push(event.token());
        }
        Ok(!events.is_empty())
    }

    /// A change that everyone has. Earlier ones that not everyone was sent are
    /// forgotten.
    fn whole(&mut self) -> Option<Received> {
        let mut changes = self.heard.iter();
        let (change, _) = changes.find(|(_, at)| at.len() == self.everyone)?;
        let change = *change;
        let mut at_us = self.heard.remove(&change)?;
        self.heard = self.heard.split_off(&change);
        at_us.sort_unstable();
        Some(Received { change, at_us })
    }
}

impl Line {
    fn hear(&mut self, buffer: &mut [u8], heard: &mut BTreeMap<Change, Vec<u64>>) -> Result<()> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("a connection broke"),
            };
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            let now = u64::try_from(now.as_micros())?;
            let mut note = |change| heard.entry(change).or_default().push(now);
            self.peer
                .hear(&buffer[..count], &mut note, &mut self.unsaid)?;
            // Less than there was room for is all there is.
            if count < buffer.len() {
                return Ok(());
            }
        }
    }

    fn say(&mut self) -> Result<()> {
        while !self.unsaid.is_empty() {
            match self.stream.write(&self.unsaid) {
                Ok(count) => drop(self.unsaid.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("a connection broke"),
            }
        }
        Ok(())
    }
}

/// Connects from one of many addresses of the loopback network.
fn connection(server: SocketAddr, number: u32) -> Result<TcpStream> {
    let [_, _, _, host] = (number / FROM_ONE_ADDRESS + 1).to_be_bytes();
    ensure!(number / FROM_ONE_ADDRESS < 254, "too many connections");
    let from = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 200, 0, host)), 0);
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )?;
    rustix::net::bind(&socket, &from)?;
    rustix::net::connect(&socket, &server)?;
    let stream = std::net::TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}
