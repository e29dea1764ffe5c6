//! The tables of a running ProxySQL, by its admin interface.
//!
//! That speaks the MySQL protocol, but little of its SQL: it refuses the
//! variables that a driver asks for at first, prepared statements and
//! `COM_RESET_CONNECTION`, and runs only the first statement of a text. So each
//! statement is one plain text on a connection of its own, and nothing but
//! SELECT is sent.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use lictor_document::import::proxysql::Tables;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Row, Value};

use crate::call::root_of;

/// For everything together.
const DEADLINE: Duration = Duration::from_secs(20);
const LARGEST_PACKET: usize = 16 << 20;
const IDLE: usize = 60;

/// What is taken, of what runs: a server that is `OFFLINE_HARD` there has been
/// removed. No statement asks for a password.
const TAKEN: [(&str, &str); 4] = [
    (
        "mysql_servers",
        "SELECT * FROM runtime_mysql_servers WHERE status <> 'OFFLINE_HARD'",
    ),
    (
        "mysql_replication_hostgroups",
        "SELECT * FROM runtime_mysql_replication_hostgroups",
    ),
    (
        "mysql_query_rules",
        "SELECT * FROM runtime_mysql_query_rules",
    ),
    (
        "mysql_users",
        "SELECT username, default_hostgroup FROM runtime_mysql_users",
    ),
];

/// What is only noted, if there is any. Not every version has each.
const NOTED: [&str; 5] = [
    "mysql_query_rules_fast_routing",
    "mysql_group_replication_hostgroups",
    "mysql_galera_hostgroups",
    "mysql_aws_aurora_hostgroups",
    "scheduler",
];

/// Reads the tables of the ProxySQL at this URL.
pub(super) async fn tables(url: &str, password: Option<String>) -> anyhow::Result<Tables> {
    let opts = opts(url, password)?;
    let name = format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port());
    tokio::time::timeout(DEADLINE, read(opts, &name))
        .await
        .map_err(|_| {
            anyhow!(
                "ProxySQL at {name} has not answered within {} s",
                DEADLINE.as_secs()
            )
        })?
}

fn opts(url: &str, password: Option<String>) -> anyhow::Result<Opts> {
    let wrong = "it is not mysql://USER@HOST:PORT, such as mysql://admin@127.0.0.1:6032";
    // The URL is not shown: it may have a password in it.
    let opts = Opts::from_url(url).map_err(|_| anyhow!("{wrong}"))?;
    if opts.pass().is_some() {
        bail!(
            "a password on the command line is seen by everybody on the machine; give it as \
             PROXYSQL_PASSWORD or by --password-file"
        );
    }
    if opts.user().is_none() {
        bail!("{wrong}");
    }
    let built = OptsBuilder::from_opts(opts)
        .pass(password)
        .prefer_socket(false)
        .max_allowed_packet(Some(LARGEST_PACKET))
        .wait_timeout(Some(IDLE));
    Ok(built.into())
}

async fn read(opts: Opts, name: &str) -> anyhow::Result<Tables> {
    let mut conn = Conn::new(opts)
        .await
        .map_err(|error| anyhow!("cannot log in to ProxySQL at {name}: {}", root_of(&error)))?;
    let mut tables = Tables::new(name);
    for (table, statement) in TAKEN {
        let rows = conn.query::<Row, _>(statement).await;
        let rows = rows.map_err(|error| {
            let why = root_of(&error);
            anyhow!("ProxySQL at {name} does not tell {table}: {why}")
        })?;
        for row in rows {
            tables.add(table, None, cells(row)?);
        }
    }
    for table in NOTED {
        let statement = format!("SELECT COUNT(*) FROM runtime_{table}");
        let counted = match conn.query_first::<Row, _>(statement).await {
            Ok(row) => row.map(cells).transpose()?,
            // A version without this table.
            Err(mysql_async::Error::Server(_)) => None,
            Err(error) => {
                bail!("ProxySQL at {name} went away: {}", root_of(&error));
            }
        };
        let count = counted.and_then(|cells| cells.into_iter().next()?.1);
        let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        for _ in 0..count {
            tables.add(table, None, []);
        }
    }
    conn.disconnect().await.context("cannot leave ProxySQL")?;
    Ok(tables)
}

/// A row's columns by name; the admin interface gives every value as text.
fn cells(row: Row) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let columns = row.columns();
    let cells = columns.iter().zip(row.unwrap_raw()).map(|(column, value)| {
        let name = column.name_str().into_owned();
        let text = match value {
            None | Some(Value::NULL) => None,
            Some(Value::Bytes(bytes)) => {
                let text = String::from_utf8(bytes);
                Some(text.map_err(|_| anyhow!("{name} of ProxySQL is no UTF-8"))?)
            }
            Some(Value::Int(number)) => Some(number.to_string()),
            Some(Value::UInt(number)) => Some(number.to_string()),
            Some(_) => bail!("{name} of ProxySQL is no text"),
        };
        Ok((name, text))
    });
    cells.collect()
}

#[cfg(test)]
mod tests;
