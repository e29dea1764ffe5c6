//! The words about what other tools are configured with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use lictor_wire::domain::{ClusterName, NodeAddress};

const PROXYSQL: &str = "\
Examples:
  sqlite3 /var/lib/proxysql/proxysql.db .dump > dump.sql
  lictor import proxysql dump.sql --cluster orders=10.0.0.11:3306,10.0.0.12:3306
  lictor import proxysql /etc/proxysql.cnf --registered --out lictor.yaml
  PROXYSQL_PASSWORD=… lictor import proxysql mysql://admin@127.0.0.1:6032

Taken are mysql_servers, mysql_replication_hostgroups and mysql_query_rules. From a
running ProxySQL that is what runs, so inactive rules are not in it. A pair of
hostgroups whose servers are nodes of a cluster that --cluster names is filled by
role, so that a failover changes it, and so is one whose cluster is --registered;
any other lists its servers.";

const MHA: &str = "\
Examples:
  lictor import mha /etc/masterha/app1.cnf --cluster orders
  lictor import mha app1.cnf --global /etc/masterha_default.cnf --cluster orders --out lictor.yaml";

const ORCHESTRATOR: &str = "\
Examples:
  curl -s http://orchestrator:3000/api/all-instances > instances.json
  lictor import orchestrator instances.json
  lictor import orchestrator /etc/orchestrator.conf.json --cluster orders --cluster users

Instances give clusters with their nodes' zones and promotion rules. A configuration
gives the mode and the budget of the clusters that --cluster names; without it, of
those that its filters name.";

/// What to make a document of.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// ProxySQL: a dump of its tables, its configuration file, or its admin
    /// interface.
    #[command(after_help = PROXYSQL)]
    Proxysql {
        /// A file, `-` for standard input, or `mysql://USER@HOST:PORT`.
        source: String,
        /// A cluster, and where its nodes listen; may be given again.
        #[arg(long, value_name = "NAME=ADDRESS,…", value_parser = nodes)]
        cluster: Vec<Nodes>,
        /// Ask the control plane which clusters are registered, and use them too.
        #[arg(long)]
        registered: bool,
        /// The file with the password of the admin interface; without it, the
        /// environment has it as `PROXYSQL_PASSWORD`. A command line is seen by
        /// everybody on the machine.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// MHA: the configuration file of an application.
    #[command(after_help = MHA)]
    Mha {
        /// The file, such as app1.cnf; `-` for standard input.
        file: PathBuf,
        /// What the cluster is to be called.
        #[arg(long)]
        cluster: ClusterName,
        /// The global file, whose `[server default]` holds for every application.
        #[arg(long, value_name = "FILE")]
        global: Option<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// orchestrator: its configuration file, or what its API lists.
    #[command(after_help = ORCHESTRATOR)]
    Orchestrator {
        /// The file; `-` for standard input.
        file: PathBuf,
        /// A cluster that a configuration is about; may be given again.
        #[arg(long, value_name = "NAME[=ADDRESS,…]", value_parser = cluster)]
        cluster: Vec<Nodes>,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Where the document goes.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Write the document into this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// A cluster, and where its nodes listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nodes {
    pub(crate) cluster: ClusterName,
    pub(crate) addresses: Vec<NodeAddress>,
}

fn nodes(text: &str) -> Result<Nodes, String> {
    if !text.contains('=') {
        return Err("use NAME=ADDRESS,…, such as orders=10.0.0.11:3306,10.0.0.12:3306".to_owned());
    }
    cluster(text)
}

fn cluster(text: &str) -> Result<Nodes, String> {
    let (name, addresses) = match text.split_once('=') {
        Some((name, addresses)) => (name, addresses.split(',').collect()),
        None => (text, vec![]),
    };
    let addresses = addresses.into_iter().map(str::parse::<NodeAddress>);
    Ok(Nodes {
        cluster: name.parse().map_err(|error| format!("{error}"))?,
        addresses: addresses
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?,
    })
}
