//! The command line of lictor-agent.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lictor_tls::{ClientTls, Identity};
use lictor_wire::TokenSource;
use tracing_subscriber::EnvFilter;

use crate::ask::Lictords;

const MORE: &str = "\
The agent is started in place of mysqld, and as the same user: it starts mysqld
and asks lictord for a lease about every second. The first one binds it, which
only the primary of a cluster in mode auto is granted. When a lease ends and
lictord has not renewed it, the agent kills mysqld (SIGKILL), and starts it
again, read-only. So a primary that is cut off from every lictord stops taking
writes, and a failover that has no other proof waits for that.

The kernel kills mysqld when the agent ends, however it ends. SIGTERM stops
mysqld in order first. When mysqld is shut down from within, the agent ends too;
when it fails, it is started again. mysqld shows which start of it this is by the
name of its pid file, lictor-agent-<UUID>.pid in the data directory.

lictord renews leases only for a token of the role agent; an admin makes one:
lictor token create agent-orders-1 --role agent --cluster orders \\
    --to-file agent.token --reason 'guards orders-1'

Give mysqld itself, by its whole path; it must boot read-only (super_read_only),
and nobody else may start it on this data. An agent that is frozen (SIGSTOP)
while mysqld runs on cannot kill it: start it by systemd with WatchdogSec=1 and
WatchdogSignal=SIGKILL, which ends both then, and let a hardware watchdog see to
the machine (RuntimeWatchdogSec=).

Example:
  lictor-agent --server https://10.0.0.5:7400 --server https://10.0.0.6:7400 \\
      --ca-file /etc/lictor/tls/ca.pem --token-file /etc/lictor/agent.token \\
      -- /usr/sbin/mysqld --defaults-file=/etc/mysql/my.cnf";

/// lictor-agent lets a mysqld live only under a lease of Lictor's control plane.
#[derive(Debug, Parser)]
#[command(
    name = "lictor-agent",
    version,
    after_help = MORE,
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// URL of a lictord; name each of them.
    #[arg(
        long = "server",
        value_name = "URL",
        env = "LICTOR_AGENT_SERVERS",
        value_delimiter = ',',
        required = true
    )]
    servers: Vec<String>,

    /// The authorities to trust at https URLs (PEM), instead of the system's.
    #[arg(long, value_name = "FILE", env = "LICTOR_CA_FILE")]
    ca_file: Option<PathBuf>,

    /// A certificate to show there (PEM).
    #[arg(
        long,
        value_name = "FILE",
        env = "LICTOR_CERT_FILE",
        requires = "key_file"
    )]
    cert_file: Option<PathBuf>,

    /// The private key of the certificate (PEM).
    #[arg(
        long,
        value_name = "FILE",
        env = "LICTOR_KEY_FILE",
        requires = "cert_file"
    )]
    key_file: Option<PathBuf>,

    /// A file with the token to show, of the role agent; read anew for each
    /// connection. Without it, the token is what `LICTOR_TOKEN` has.
    #[arg(long, value_name = "FILE", env = "LICTOR_TOKEN_FILE")]
    token_file: Option<PathBuf>,

    /// Only say whether all this can be used, and stop.
    #[arg(long)]
    pub(crate) check: bool,

    /// What to log: a level, or a filter such as `info,lictor_agent=debug`.
    #[arg(long, value_name = "FILTER", default_value = "info", value_parser = filter)]
    pub(crate) log_level: String,

    /// How to write the log.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,

    /// mysqld, by its whole path, and its arguments.
    #[arg(last = true, value_name = "MYSQLD", required = true)]
    pub(crate) mysqld: Vec<OsString>,
}

/// What to do instead of guarding a server.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the shell's completion script to the standard output.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Become the server: how the agent starts it.
    #[command(hide = true)]
    Launch {
        /// Pid of the agent.
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
        agent: i32,
        /// The server.
        #[arg(last = true, required = true)]
        mysqld: Vec<OsString>,
    },
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Args {
    /// The lictord to ask, in turn.
    pub(crate) fn lictords(&self) -> Lictords {
        let identity = self.cert_file.clone().zip(self.key_file.clone());
        Lictords {
            urls: self.servers.clone(),
            tls: ClientTls {
                ca_file: self.ca_file.clone(),
                identity: identity.map(|(cert_file, key_file)| Identity {
                    cert_file,
                    key_file,
                }),
            },
            token: TokenSource::or_variable(self.token_file.clone()),
        }
    }
}

fn filter(text: &str) -> Result<String, String> {
    let parsed = text.parse::<EnvFilter>();
    parsed
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

/// Writes a shell's completion script.
pub(crate) fn complete(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "lictor-agent", &mut script);
    // A reader that has gone away has had enough.
    let _ = std::io::stdout().write_all(&script);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "lictor-agent --server http://a:7400,http://b:7400 -- /mysqld --user=root";

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn servers_and_the_program_are_read() {
        let args = Args::try_parse_from(LINE.split(' ')).unwrap();
        let lictords = args.lictords();
        assert_eq!(lictords.urls, ["http://a:7400", "http://b:7400"]);
        assert!(lictords.check().is_ok());
        assert_eq!(args.mysqld, ["/mysqld", "--user=root"]);
        assert!(!args.check && args.command.is_none());
    }

    #[test]
    fn the_token_is_in_a_file_and_never_on_the_command_line() {
        let line = LINE.replace(" -- ", " --token-file /absent/token -- ");
        let args = Args::try_parse_from(line.split(' ')).unwrap();
        let lictords = args.lictords();
        assert!(lictords.check().is_ok(), "it may come later");
        let said = lictords.check_token().unwrap_err().to_string();
        assert_eq!(said, "the token file /absent/token cannot be read");
        let line = LINE.replace(" -- ", " --token lictor_0a_0b -- ");
        assert!(Args::try_parse_from(line.split(' ')).is_err());
    }

    #[test]
    fn what_is_missing_or_wrong_is_refused() {
        for bad in [
            "lictor-agent -- /mysqld",
            "lictor-agent --server http://a:7400",
            "lictor-agent --server https://a:7400 --cert-file a.pem -- /mysqld",
            "lictor-agent --server http://a:7400 --log-level =x -- /mysqld",
            "lictor-agent launch --agent 0 -- /mysqld",
        ] {
            assert!(Args::try_parse_from(bad.split(' ')).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_that_is_no_url_is_refused_before_anything_starts() {
        let line = "lictor-agent --server a:7400 -- /mysqld";
        let args = Args::try_parse_from(line.split(' ')).unwrap();
        let said = args.lictords().check().unwrap_err().to_string();
        assert!(said.starts_with("`a:7400` is not a URL"), "{said}");
    }

    #[test]
    fn completions_need_nothing_else() {
        let args = Args::try_parse_from(["lictor-agent", "completions", "bash"]).unwrap();
        assert!(matches!(args.command, Some(Command::Completions { .. })));
    }
}
