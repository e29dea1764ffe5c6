//! `import …`: a document to review, made of what another tool is configured
//! with. Nothing is changed anywhere.

mod live;

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use lictor_document::import::{Clusters, Import, MAX_SOURCE_BYTES, mha, orchestrator, proxysql};

use lictor_wire::domain::NodeAddress;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::{ClusterView, ListClustersRequest};

use crate::args::{Format, ImportCommand, Nodes, OutputArgs, Server};
use crate::call::{SOON, answer, connect};
use crate::output::say;

/// Does what the command says.
pub(crate) async fn run(
    command: ImportCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    match command {
        ImportCommand::Proxysql {
            source,
            cluster,
            registered,
            password_file,
            output,
        } => {
            let tables = if source.contains("://") {
                let password = match password_file {
                    Some(file) => text(&file)?.lines().next().map(ToOwned::to_owned),
                    None => std::env::var("PROXYSQL_PASSWORD").ok(),
                };
                live::tables(&source, password).await?
            } else {
                let (name, text) = named(Path::new(&source))?;
                proxysql::read(&text, &name)?
            };
            let mut clusters = known(cluster);
            if registered {
                let mut client = ClusterServiceClient::new(connect(server).await?);
                let call = client.list_clusters(ListClustersRequest {});
                add_registered(&mut clusters, answer(SOON, call).await?.clusters)?;
            }
            put(&proxysql::import(&tables, &clusters)?, &output, format)
        }
        ImportCommand::Mha {
            file,
            cluster,
            global,
            output,
        } => {
            let (name, text) = named(&file)?;
            let global = global.as_deref().map(named).transpose()?;
            let file = |name, text| mha::File { name, text };
            let global = global.as_ref().map(|(name, text)| file(name, text));
            put(
                &mha::import(file(&name, &text), global, &cluster)?,
                &output,
                format,
            )
        }
        ImportCommand::Orchestrator {
            file,
            cluster,
            output,
        } => {
            let (name, text) = named(&file)?;
            put(
                &orchestrator::import(&text, &name, &known(cluster))?,
                &output,
                format,
            )
        }
    }
}

fn known(clusters: Vec<Nodes>) -> Clusters {
    let mut known = Clusters::new();
    for Nodes { cluster, addresses } in clusters {
        known.entry(cluster).or_default().extend(addresses);
    }
    known
}

/// What the command line says of a cluster stands beside what is registered.
fn add_registered(clusters: &mut Clusters, views: Vec<ClusterView>) -> anyhow::Result<()> {
    for view in views {
        let nodes = view.nodes.iter().map(|node| node.address.parse());
        let nodes: Vec<NodeAddress> = nodes.collect::<Result<_, _>>()?;
        clusters
            .entry(view.name.parse()?)
            .or_default()
            .extend(nodes);
    }
    Ok(())
}

/// A file's name as errors call it, and what is in it.
fn named(file: &Path) -> anyhow::Result<(String, String)> {
    let name = if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    Ok((name, text(file)?))
}

fn text(file: &Path) -> anyhow::Result<String> {
    let bound = MAX_SOURCE_BYTES as u64 + 1;
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(bound).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(bound).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text)
}

/// Puts the document where it is wanted; what became of everything also goes to
/// standard error, where it is seen when the document goes into a file.
fn put(import: &Import, output: &OutputArgs, format: Format) -> anyhow::Result<()> {
    for note in &import.notes {
        eprintln!("{note}");
    }
    let text = match format {
        Format::Json => serde_json::to_string_pretty(import)? + "\n",
        Format::Table | Format::Yaml => import.document(),
    };
    match &output.out {
        None => say(text.trim_end()),
        Some(file) => {
            fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1::NodeView;

    use super::*;

    const CNF: &str = r#"
        mysql_servers = ( { address="10.0.0.11" hostgroup=10 }, { address="10.0.0.12" hostgroup=11 } )
        mysql_replication_hostgroups = ( { writer_hostgroup=10 reader_hostgroup=11 } )
    "#;

    /// No command here asks a control plane.
    const NOWHERE: &str = "http://127.0.0.1:1";

    fn proxysql(source: &Path, out: &Path) -> ImportCommand {
        ImportCommand::Proxysql {
            source: source.display().to_string(),
            cluster: vec![Nodes {
                cluster: "orders".parse().unwrap(),
                addresses: ["10.0.0.11:3306", "10.0.0.12:3306"]
                    .map(|a| a.parse().unwrap())
                    .into(),
            }],
            registered: false,
            password_file: None,
            output: OutputArgs {
                out: Some(out.to_owned()),
            },
        }
    }

    #[tokio::test]
    async fn what_is_put_into_a_file_is_a_document_with_notes_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let (source, out) = (
            dir.path().join("proxysql.cnf"),
            dir.path().join("lictor.yaml"),
        );
        fs::write(&source, CNF).unwrap();
        run(proxysql(&source, &out), &Server::at(NOWHERE), Format::Table)
            .await
            .unwrap();
        let text = fs::read_to_string(&out).unwrap();
        assert!(text.contains("# - taken: hostgroups 10 and 11: "), "{text}");
        let draft = lictor_document::read(&text, "lictor.yaml").unwrap();
        let clusters = draft.hostgroups.iter().filter_map(|one| one.cluster());
        assert_eq!(clusters.count(), 2);
    }

    #[tokio::test]
    async fn a_bad_source_is_told_by_its_name_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (source, out) = (
            dir.path().join("proxysql.cnf"),
            dir.path().join("lictor.yaml"),
        );
        let error = run(proxysql(&source, &out), &Server::at(NOWHERE), Format::Table)
            .await
            .unwrap_err();
        assert!(error.to_string().starts_with("cannot read /"), "{error}");
        fs::write(&source, "mysql_servers = (").unwrap();
        let error = run(proxysql(&source, &out), &Server::at(NOWHERE), Format::Table)
            .await
            .unwrap_err();
        let place = format!("{}:1:18: ", source.display());
        assert!(error.to_string().starts_with(&place), "{error}");
        assert!(!out.exists());
    }

    #[test]
    fn registered_clusters_stand_beside_those_of_the_command_line() {
        let mut clusters = known(vec![Nodes {
            cluster: "orders".parse().unwrap(),
            addresses: vec!["10.0.0.11:3306".parse().unwrap()],
        }]);
        let view = |name: &str, address: &str| ClusterView {
            name: name.to_owned(),
            nodes: vec![NodeView {
                address: address.to_owned(),
                ..NodeView::default()
            }],
            ..ClusterView::default()
        };
        let views = vec![
            view("orders", "10.0.0.12:3306"),
            view("users", "10.0.0.21:3306"),
        ];
        add_registered(&mut clusters, views).unwrap();
        let nodes: Vec<_> = clusters
            .values()
            .map(std::collections::BTreeSet::len)
            .collect();
        assert_eq!(nodes, [2, 1]);
        assert!(add_registered(&mut clusters, vec![view("orders", "nowhere")]).is_err());
    }
}
