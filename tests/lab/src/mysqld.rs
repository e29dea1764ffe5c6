//! How `mysqld` is configured and where its first data directory comes from.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::accounts::init_sql;
use crate::cache;
use crate::process::{Recipe, is_root};
use crate::tls::{Authority, Identity};
use crate::tools::{Program, Tools};
use crate::words;

/// The usual port: every server has an address of its own.
pub(crate) const PORT: u16 = 3306;

/// Settings of every server, whatever its role. A server always boots
/// read-only and replicating from nobody; semi-sync source is for the one that
/// is opened for writes.
const SETTINGS: &str = "\
port=3306
mysqlx=OFF
skip_name_resolve=ON
socket=mysql.sock
pid_file=mysqld.pid
secure_file_priv=NULL
max_connections=500
gtid_mode=ON
enforce_gtid_consistency=ON
relay_log=relay
binlog_format=ROW
log_replica_updates=ON
sync_binlog=1
innodb_flush_log_at_trx_commit=1
skip_replica_start=ON
super_read_only=ON
replica_net_timeout=4
plugin_load_add=semisync_source.so
plugin_load_add=semisync_replica.so
plugin_load_add=mysql_clone.so
rpl_semi_sync_source_enabled=OFF
rpl_semi_sync_replica_enabled=ON
rpl_semi_sync_source_timeout=1000000000000
rpl_semi_sync_source_wait_for_replica_count=1
rpl_semi_sync_source_wait_no_replica=ON
innodb_buffer_pool_size=64M
innodb_log_buffer_size=4M
key_buffer_size=64K
loose_innodb_redo_log_capacity=64M
table_open_cache=400
table_definition_cache=400
performance_schema=ON
performance_schema_digests_size=0
performance_schema_accounts_size=10
performance_schema_hosts_size=10
performance_schema_users_size=10
performance_schema_events_statements_history_long_size=0
performance_schema_events_stages_history_long_size=0
performance_schema_events_transactions_history_long_size=0
performance_schema_events_waits_history_long_size=0
";

/// What only one server has.
#[derive(Clone, Copy)]
pub(crate) struct Own<'a> {
    /// Where it listens.
    pub(crate) address: Ipv4Addr,
    /// How often it was built anew.
    pub(crate) built: u32,
    /// Its certificate; with one it lets nobody in without TLS.
    pub(crate) tls: Option<&'a Identity>,
}

impl Own<'_> {
    /// Unlike that of any other server of the laboratory, or of this one before
    /// it was built anew.
    fn server_id(self) -> u32 {
        u32::from(self.address).wrapping_add(self.built << 24)
    }
}

/// What is around every `MySQL` server of a laboratory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// What starts it.
    pub(crate) agent: Option<Agent>,
    /// Whose certificates are used.
    pub(crate) authority: Option<Arc<Authority>>,
}

/// The agent that starts a server, and the `lictord` it asks.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    /// Its binary.
    pub(crate) program: Program,
    /// The URL of each `lictord`.
    pub(crate) servers: Vec<String>,
    /// The file that has its token, or will have.
    pub(crate) token_file: PathBuf,
}

/// Writes the settings file of a server and returns how to start it, by an agent
/// if there is one.
pub(crate) fn recipe(
    tools: &Tools,
    dir: &Path,
    own: Own<'_>,
    agent: Option<&Agent>,
    log: &Path,
) -> Result<Recipe> {
    let (address, id) = (own.address, own.server_id());
    let tmp = dir.join("tmp");
    fs::create_dir_all(&tmp)?;
    let file = dir.join("my.cnf");
    let settings = format!(
        "[mysqld]\n\
         datadir={data}\n\
         tmpdir={tmp}\n\
         bind_address={address}\n\
         report_host={address}\n\
         report_port={PORT}\n\
         server_id={id}\n\
         log_bin={binlog}\n\
         {tls}",
        data = data_dir(dir).display(),
        tmp = tmp.display(),
        binlog = binlog(dir).display(),
        tls = own.tls.map(tls_settings).unwrap_or_default(),
    );
    fs::write(
        &file,
        settings + &words::spoken(SETTINGS, tools.mysql_version),
    )?;
    let defaults = format!("--defaults-file={}", file.display());
    let server = match agent {
        None => Recipe::new(&tools.mysqld, None, log),
        Some(agent) => Recipe::new(&agent.program, None, log)
            .args(agent.servers.iter().flat_map(|url| ["--server", url]))
            .arg(format!("--token-file={}", agent.token_file.display()))
            .args(
                own.tls
                    .map(|tls| format!("--ca-file={}", tls.ca_file.display())),
            )
            .arg("--")
            .args(tools.mysqld.words()),
    };
    Ok(located(server.arg(defaults), tools))
}

fn tls_settings(tls: &Identity) -> String {
    format!(
        "ssl_ca={}\nssl_cert={}\nssl_key={}\nrequire_secure_transport=ON\n",
        tls.ca_file.display(),
        tls.cert_file.display(),
        tls.key_file.display()
    )
}

/// Where a server has its binary log: on its small disk, if it has one, and
/// beside its data otherwise.
fn binlog(dir: &Path) -> PathBuf {
    let disk = small_disk(dir);
    let home = if disk.is_dir() { disk } else { PathBuf::new() };
    home.join("binlog")
}

/// Where a server's small disk is mounted, in its directory.
pub(crate) fn small_disk(dir: &Path) -> PathBuf {
    dir.join("small-disk")
}

/// The data directory in a server's directory.
pub(crate) fn data_dir(dir: &Path) -> PathBuf {
    dir.join("data")
}

/// Lays a fresh data directory: no GTID, and the given identity. Blocks.
pub(crate) fn lay(tools: &Tools, dir: &Path, server_uuid: &str) -> Result<()> {
    let data = data_dir(dir);
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    cache::copy(&template(tools)?, &data, None)?;
    let identity = format!("[auto]\nserver-uuid={server_uuid}\n");
    fs::write(data.join("auto.cnf"), identity).context("cannot write auto.cnf")
}

fn template(tools: &Tools) -> Result<PathBuf> {
    let sql = init_sql();
    cache::template("mysql", &(&tools.mysql_said, &sql), |dir| {
        let scratch = tempfile::tempdir()?;
        let init = scratch.path().join("init.sql");
        fs::write(&init, &sql)?;
        located(
            Recipe::new(&tools.mysqld, None, &scratch.path().join("log")).arg("--no-defaults"),
            tools,
        )
        .arg("--initialize-insecure")
        .arg("--secure-file-priv=NULL")
        .arg("--loose-innodb-redo-log-capacity=8M")
        .arg(format!("--datadir={}", dir.display()))
        .arg(format!("--init-file={}", init.display()))
        .run()?;
        fs::remove_file(dir.join("auto.cnf")).context("no data directory was made")
    })
}

/// Adds who to run as and where the server's own files are.
fn located(recipe: Recipe, tools: &Tools) -> Recipe {
    let recipe = match &tools.mysql_home {
        Some(home) => {
            let home = home.display();
            recipe.args([
                format!("--basedir={home}"),
                format!("--plugin-dir={home}/lib/mysql/plugin"),
                format!("--lc-messages-dir={home}/share/mysql"),
                format!("--character-sets-dir={home}/share/mysql/charsets"),
            ])
        }
        None => recipe,
    };
    if is_root() {
        recipe.arg("--user=root")
    } else {
        recipe
    }
}
