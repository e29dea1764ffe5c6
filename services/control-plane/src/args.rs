//! The command line of lictord.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::api;
use crate::settings::LogFormat;

const EXAMPLES: &str = "\
Examples:
  lictord --config /etc/lictor/lictord.toml
  LICTOR_POSTGRES__URL=postgres://lictor@db/lictor lictord --config lictord.toml
  lictord --config lictord.toml --print-config
  lictord completions bash > /etc/bash_completion.d/lictord
  lictord openapi > openapi.json

Every setting can be given in the file, as [section] and key, and in the
environment, as LICTOR_SECTION__KEY; a flag wins over the environment, and the
environment over the file.";

/// lictord, the control plane of Lictor: it watches MySQL clusters, fails them
/// over, and tells everyone where to write.
#[derive(Debug, Parser)]
#[command(name = "lictord", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) flags: Flags,

    /// Show the settings in force, without secrets, and stop.
    #[arg(long)]
    pub(crate) print_config: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What the command line says about settings.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Flags {
    /// Settings file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Address and port for gRPC and HTTP.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,

    /// How to write the log.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// What to do instead of serving.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the shell's completion script to the standard output.
    Completions {
        /// The shell.
        shell: Shell,
    },
    #[command(about = "Write the OpenAPI document of the REST API to the standard output")]
    Openapi,
}

impl Args {
    /// Does what is asked for instead of serving; false when nothing is.
    pub(crate) fn completed(&self) -> bool {
        let mut text = Vec::new();
        match self.command {
            None => return false,
            Some(Command::Completions { shell }) => {
                clap_complete::generate(shell, &mut Self::command(), "lictord", &mut text);
            }
            Some(Command::Openapi) => text = api::openapi().into_bytes(),
        }
        // A reader that has gone away has had enough.
        let _ = std::io::stdout().write_all(&text);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_are_read() {
        let line = "lictord --config a.toml --listen 127.0.0.2:7401 --log-format json";
        let args = Args::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(args.flags.config, Some("a.toml".into()));
        assert_eq!(args.flags.listen, Some("127.0.0.2:7401".parse().unwrap()));
        assert_eq!(args.flags.log_format, Some(LogFormat::Json));
        assert!(!args.print_config);
    }

    #[test]
    fn a_listen_address_without_a_port_is_refused() {
        assert!(Args::try_parse_from(["lictord", "--listen", "127.0.0.2"]).is_err());
    }
}
