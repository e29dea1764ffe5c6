//! `keyspace …`: shows keyspaces, and changes them as one would in the document:
//! reads the newest version, edits it, and applies it.

use anyhow::Context;
use lictor_view::Resolution;
use lictor_wire::domain::keyspace::{Cut, Keyspace, Writes};
use lictor_wire::domain::{KeyspaceName, RoutingTable};
use lictor_wire::v1;

use crate::args::{ChangeArgs, Format, KeyspaceCommand, Server};
use crate::call::{SOON, answer};
use crate::commands::routing_table;
use crate::config;
use crate::output::show;

/// Does what the command says.
pub(crate) async fn run(
    command: KeyspaceCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    match command {
        KeyspaceCommand::List => {
            let table = routing_table(server).await?;
            show(&lictor_view::RoutingTable::from(&table).keyspaces, format)
        }
        KeyspaceCommand::Show { keyspace } => {
            let table = routing_table(server).await?;
            let found = of_table(&table, &keyspace)?;
            show(&lictor_view::Keyspace::new(found, &table), format)
        }
        KeyspaceCommand::Resolve { keyspace, key } => {
            let request = v1::ResolveKeyRequest {
                keyspace: keyspace.to_string(),
                key: key.clone(),
            };
            let mut client = config::client(server).await?;
            let found = answer(SOON, client.resolve_key(request)).await?;
            show(&Resolution::new(keyspace.into(), key, found)?, format)
        }
        KeyspaceCommand::Split {
            keyspace,
            shard,
            into,
            at,
            to,
            change,
        } => {
            let split = |it: &Keyspace| {
                let cut = Cut::parse(&it.function, &at)?;
                let here = it.shard(&shard).map(|it| it.cluster.clone());
                // Where there is no such shard, the edit says so.
                let cluster = to.or(here).or_else(|| it.clusters().next().cloned());
                let cluster = cluster.context("it has no shards")?;
                Ok(it.split(&shard, &cut, into, cluster)?)
            };
            apply(server, &keyspace, split, change, format).await
        }
        KeyspaceCommand::Merge {
            keyspace,
            shard,
            with,
            change,
        } => {
            let merge = |it: &Keyspace| Ok(it.merge(&shard, &with)?);
            apply(server, &keyspace, merge, change, format).await
        }
        KeyspaceCommand::Move {
            keyspace,
            shard,
            to,
            hold,
            release,
            change,
        } => {
            let relocate = |it: &Keyspace| {
                let moved = to.map(|to| it.move_to(&shard, to)).transpose()?;
                let moved = moved.unwrap_or_else(|| it.clone());
                Ok(match (hold, release) {
                    (true, _) => moved.with_writes(&shard, Writes::Held)?,
                    (_, true) => moved.with_writes(&shard, Writes::Serving)?,
                    (false, false) => moved,
                })
            };
            apply(server, &keyspace, relocate, change, format).await
        }
    }
}

fn of_table<'a>(table: &'a RoutingTable, name: &KeyspaceName) -> anyhow::Result<&'a Keyspace> {
    let found = table.keyspaces.get(name);
    let found = found.with_context(|| format!("there is no keyspace {name}"))?;
    Ok(found)
}

/// Applies an edit of one keyspace to the newest version.
async fn apply(
    server: &Server,
    name: &KeyspaceName,
    edit: impl FnOnce(&Keyspace) -> anyhow::Result<Keyspace>,
    change: ChangeArgs,
    format: Format,
) -> anyhow::Result<()> {
    let mut client = config::client(server).await?;
    let (base, yaml) = config::head(&mut client).await?;
    let mut draft = lictor_document::read(&yaml, &format!("version {base}"))?;
    let found = draft.keyspaces.iter().find(|it| it.name == *name);
    let found = found.with_context(|| format!("there is no keyspace {name}"))?;
    let edited = edit(found)?;
    let others = draft.keyspaces.iter().filter(|it| it.name != *name);
    draft.keyspaces = others.cloned().chain([edited]).collect();
    let document = v1::ConfigDocument {
        name: format!("keyspace {name}"),
        yaml: lictor_document::write(&draft),
    };
    config::apply(&mut client, document, base, change, format).await?;
    Ok(())
}
