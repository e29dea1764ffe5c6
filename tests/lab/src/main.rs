//! `lab`: the laboratory by hand. `lab demo` runs one; the other commands talk
//! to it.

mod control;
mod demo;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use comfy_table::{Table, presets};

use lictor_lab::Block;

use crate::control::{Answer, Fault, Request, ServerStatus};
use crate::demo::Place;

const EXAMPLES: &str = "\
Examples:
  lab demo                 # in one shell; the rest in another
  lab status
  lab kill orders          # the current primary of cluster orders
  lab kill lictord         # the lictord that leads; or lab kill lictord-2
  lab restart orders-1     # it, once more
  lab lag orders-3 30
  lab logs lictord-1 -f

Exit codes: 0 done, 1 failed, 2 wrong usage.";

#[derive(Parser)]
#[command(name = "lab", version, propagate_version = true)]
#[command(about = "A laboratory of real MySQL, Consul and Postgres servers on loopback")]
#[command(after_help = EXAMPLES)]
struct Cli {
    /// The control socket of the laboratory meant; without: that of 'lab demo'
    #[arg(long, global = true, env = "LAB_SOCKET", value_name = "FILE")]
    socket: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a laboratory with lictord and two clusters until Ctrl-C
    Demo {
        /// How many lictord; one of them leads
        #[arg(long, value_name = "COUNT", default_value_t = 3,
              value_parser = clap::value_parser!(u8).range(1..=3))]
        lictords: u8,
        /// On any free block of addresses, beside whatever runs. What it prints is one line of
        /// JSON, when it is ready: where lictord and the control socket are. It ends when its
        /// standard input does, too
        #[arg(long)]
        anywhere: bool,
    },
    /// List every server of the running laboratory
    Status {
        /// How to print it
        #[arg(short, long, default_value = "table")]
        output: Output,
    },
    #[command(flatten)]
    Fault(Fault),
    /// Print the end of a server's log
    Logs {
        /// The server
        name: String,
        /// How many lines
        #[arg(short = 'n', long, default_value_t = 50)]
        lines: u32,
        /// Keep printing what is added
        #[arg(short, long)]
        follow: bool,
    },
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let socket = cli.socket;
    let socket = socket.unwrap_or_else(|| control::socket_of(Block::DEMO));
    match cli.command {
        Command::Demo { lictords, anywhere } => {
            let place = if anywhere {
                Place::Anywhere
            } else {
                Place::Known
            };
            demo::run(place, lictords).await
        }
        Command::Status { output } => print_status(&status(&socket).await?, output),
        Command::Fault(fault) => match control::ask(&socket, &Request::Fault(fault)).await? {
            Answer::Done(what) => say(&what),
            Answer::Status(_) => bail!("the laboratory answered something else"),
        },
        Command::Logs {
            name,
            lines,
            follow,
        } => logs(&socket, &name, lines, follow).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "lab", &mut script);
            say(String::from_utf8(script)?.trim_end())
        }
    }
}

async fn status(socket: &Path) -> Result<Vec<ServerStatus>> {
    match control::ask(socket, &Request::Status).await? {
        Answer::Status(servers) => Ok(servers),
        Answer::Done(_) => bail!("the laboratory answered something else"),
    }
}

fn print_status(servers: &[ServerStatus], output: Output) -> Result<()> {
    match output {
        Output::Json => say(&serde_json::to_string_pretty(servers)?),
        Output::Table => {
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            let mut table = Table::new();
            table.load_preset(presets::NOTHING);
            table.set_header(["NAME", "ROLE", "STATE", "PID", "ADDRESS", "LOG"]);
            for server in servers {
                table.add_row([
                    server.name.clone(),
                    or_dash(server.role.clone()),
                    server.state.to_string(),
                    or_dash(server.pid.map(|pid| pid.to_string())),
                    server.address.to_string(),
                    server.log.display().to_string(),
                ]);
            }
            for column in table.column_iter_mut() {
                column.set_padding((0, 2));
            }
            say(&table.trim_fmt())
        }
    }
}

/// Writes a line. A reader that went away has seen enough.
fn say(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

async fn logs(socket: &Path, name: &str, lines: u32, follow: bool) -> Result<()> {
    let servers = status(socket).await?;
    let Some(server) = servers.iter().find(|server| server.name == name) else {
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        bail!("no server is called {name}: there are {}", names.join(", "));
    };
    let mut tail = tokio::process::Command::new("tail");
    tail.args(["-n", &lines.to_string()]).arg(&server.log);
    if follow {
        tail.arg("-F");
    }
    tail.status().await?;
    Ok(())
}
