//! `config …`: documents from and to the control plane.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use lictor_view::{ConfigDiff, ConfigOutcome, ConfigStep};
use lictor_wire::v1;
use lictor_wire::v1::config_service_client::ConfigServiceClient;

use crate::args::{ChangeArgs, ConfigCommand, Format, Server};
use crate::call::{Connection, PATIENT, SOON, answer, connect};
use crate::output::{say, show, tell};

type Client = ConfigServiceClient<Connection>;

/// How the first line of an exported document begins.
const VERSION_LINE: &str = "# version: ";

/// Does what the command says.
pub(crate) async fn run(
    command: ConfigCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    if let ConfigCommand::Schema = command {
        return say(lictor_document::schema().trim_end());
    }
    let mut client = client(server).await?;
    match command {
        ConfigCommand::Schema => Ok(()),
        ConfigCommand::Export { version, file } => {
            export(&mut client, version, file.as_deref()).await
        }
        ConfigCommand::Diff { file, from, to } => {
            use v1::diff_config_request::To;
            let to = match (file, to) {
                (Some(file), _) => To::Document(document(&file)?),
                (None, Some(version)) => To::Version(version),
                (None, None) => bail!("give a document, or --to"),
            };
            let request = v1::DiffConfigRequest { from, to: Some(to) };
            let answered = answer(SOON, client.diff_config(request)).await?;
            show(&ConfigDiff::from(answered), format)
        }
        ConfigCommand::Apply {
            file,
            base,
            yes,
            change,
        } => {
            let document = document(&file)?;
            let said = base_of(&document.yaml);
            let base = match base.or(said) {
                Some(base) => base,
                None if yes || change.dry_run => head(&mut client).await?.0,
                None => agreed(&mut client, &document, format).await?,
            };
            let made = apply(&mut client, document, base, change, format).await?;
            match (said, made, format) {
                (Some(said), Some(made), Format::Table) => say(&format!(
                    "The document still says version {said}: export again before you edit it, \
                     or give --base {made}."
                )),
                _ => Ok(()),
            }
        }
        ConfigCommand::History { limit, before } => {
            let request = v1::ListConfigVersionsRequest { limit, before };
            let steps = answer(SOON, client.list_config_versions(request)).await?;
            let steps: Vec<ConfigStep> = steps.steps.into_iter().map(Into::into).collect();
            show(&steps, format)
        }
        ConfigCommand::Show { version } => {
            let request = v1::ListConfigVersionsRequest {
                limit: 1,
                before: Some(version.saturating_add(1)),
            };
            let steps = answer(SOON, client.list_config_versions(request)).await?;
            let found = steps.steps.into_iter().map(ConfigStep::from);
            let found = found
                .into_iter()
                .find(|step| step.version.version == version);
            show(
                &found.with_context(|| format!("there is no version {version}"))?,
                format,
            )
        }
        ConfigCommand::Rollback {
            version,
            base,
            change,
        } => {
            let base = match base {
                Some(base) => base,
                None => head(&mut client).await?.0,
            };
            let request = v1::RollbackConfigRequest {
                to: version,
                base,
                reason: change.reason,
                dry_run: change.dry_run,
            };
            let answered = answer(PATIENT, client.rollback_config(request)).await?;
            show(&outcome(answered.outcome)?, format)
        }
    }
}

/// A client for documents of any size.
pub(crate) async fn client(server: &Server) -> anyhow::Result<Client> {
    let client = ConfigServiceClient::new(connect(server).await?);
    Ok(client.max_decoding_message_size(64 * 1024 * 1024))
}

/// The newest version's number, and its document.
pub(crate) async fn head(client: &mut Client) -> anyhow::Result<(u64, String)> {
    let call = client.get_config(v1::GetConfigRequest { version: None });
    let answered = answer(SOON, call).await?;
    let version = answered.version.context("the answer has no version")?;
    Ok((version.version, answered.yaml))
}

/// Puts a document in force, and shows what came of it; the version that was
/// made, if one was.
pub(crate) async fn apply(
    client: &mut Client,
    document: v1::ConfigDocument,
    base: u64,
    change: ChangeArgs,
    format: Format,
) -> anyhow::Result<Option<u64>> {
    let request = v1::ApplyConfigRequest {
        base,
        document: Some(document),
        reason: change.reason,
        dry_run: change.dry_run,
    };
    let answered = answer(PATIENT, client.apply_config(request)).await?;
    let outcome = outcome(answered.outcome)?;
    show(&outcome, format)?;
    Ok(outcome.made.map(|made| made.version))
}

fn outcome(outcome: Option<v1::ConfigOutcome>) -> anyhow::Result<ConfigOutcome> {
    Ok(outcome.context("the answer has no outcome")?.into())
}

async fn export(
    client: &mut Client,
    version: Option<u64>,
    file: Option<&Path>,
) -> anyhow::Result<()> {
    let call = client.get_config(v1::GetConfigRequest { version });
    let answered = answer(SOON, call).await?;
    let made = answered.version.context("the answer has no version")?;
    let text = format!("{VERSION_LINE}{}\n{}", made.version, answered.yaml);
    match file {
        None => say(text.trim_end()),
        Some(file) => {
            fs::write(file, &text).with_context(|| format!("cannot write {}", file.display()))
        }
    }
}

/// A document from a file, or from standard input.
pub(crate) fn document(file: &Path) -> anyhow::Result<v1::ConfigDocument> {
    if file == Path::new("-") {
        let mut yaml = String::new();
        io::stdin().read_to_string(&mut yaml)?;
        return Ok(v1::ConfigDocument {
            name: "standard input".to_owned(),
            yaml,
        });
    }
    let yaml = fs::read_to_string(file);
    Ok(v1::ConfigDocument {
        name: file.display().to_string(),
        yaml: yaml.with_context(|| format!("cannot read {}", file.display()))?,
    })
}

/// The version that an exported document says it is, in a comment before anything
/// else.
fn base_of(yaml: &str) -> Option<u64> {
    let comments = yaml.lines().take_while(|line| line.starts_with('#'));
    let mut versions = comments.filter_map(|line| line.strip_prefix(VERSION_LINE));
    versions.next()?.trim().parse().ok()
}

/// The newest version, if the operator wants to go on from there.
async fn agreed(
    client: &mut Client,
    document: &v1::ConfigDocument,
    format: Format,
) -> anyhow::Result<u64> {
    let (base, _) = head(client).await?;
    if !io::stdin().is_terminal() || document.name == "standard input" {
        bail!(
            "{} does not say which version it was made from: give --base N, or --yes to take \
             the newest, which is {base}",
            document.name
        );
    }
    let request = v1::DiffConfigRequest {
        from: Some(base),
        to: Some(v1::diff_config_request::To::Document(document.clone())),
    };
    let answered = answer(SOON, client.diff_config(request)).await?;
    tell(&ConfigDiff::from(answered), format)?;
    eprint!("Apply this to version {base}? [y/N] ");
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    if !matches!(line.trim(), "y" | "Y" | "yes") {
        bail!("nothing was changed");
    }
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exported_document_says_which_version_it_is() {
        assert_eq!(base_of("# version: 7\nclusters: {}\n"), Some(7));
        assert_eq!(base_of("# mine\n# version: 7\nclusters: {}\n"), Some(7));
        for text in ["", "clusters: {}\n# version: 7\n", "# version: x\n"] {
            assert_eq!(base_of(text), None, "{text}");
        }
    }
}
