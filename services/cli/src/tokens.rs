//! `token …`: makes, lists and revokes tokens. What a new one's text is, is shown
//! or written once, and is in no error.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lictor_view::{CreatedToken, RevokedToken, Session, Token, TokenList};
use lictor_wire::v1;
use lictor_wire::v1::token_service_client::TokenServiceClient;
use serde::Serialize;

use crate::args::{CreateTokenArgs, Format, Server, TokenCommand};
use crate::call::{Connection, SOON, answer, connect};
use crate::output::show;

type Client = TokenServiceClient<Connection>;

/// A token whose text was written into a file.
#[derive(Serialize)]
pub(crate) struct Written {
    pub(crate) token: Token,
    pub(crate) file: PathBuf,
}

/// Does what the command says.
pub(crate) async fn run(
    command: TokenCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    let mut client = Client::new(connect(server).await?);
    match command {
        TokenCommand::Create(mut args) => match args.to_file.take() {
            None => show(&create(&mut client, args).await?, format),
            Some(file) => show(&create_in(&mut client, args, file).await?, format),
        },
        TokenCommand::List => show(&list(&mut client).await?, format),
        TokenCommand::Revoke { meant, reason } => {
            let id = one_of(&list(&mut client).await?, &meant)?;
            let request = v1::RevokeTokenRequest { id, reason };
            let revoked = answer(SOON, client.revoke_token(request)).await?;
            show(&RevokedToken::try_from(revoked)?, format)
        }
        TokenCommand::Whoami => {
            let caller = answer(SOON, client.get_caller(v1::GetCallerRequest {})).await?;
            let token = caller.token.context("the answer has no token")?;
            let token = token.try_into()?;
            show(&Session { token, csrf: None }, format)
        }
    }
}

async fn create(client: &mut Client, args: CreateTokenArgs) -> anyhow::Result<CreatedToken> {
    let created = answer(
        SOON,
        client.create_token(v1::CreateTokenRequest::from(args)),
    );
    Ok(created.await?.try_into()?)
}

/// The file is there first: no token is made whose text could not be kept.
async fn create_in(
    client: &mut Client,
    args: CreateTokenArgs,
    path: PathBuf,
) -> anyhow::Result<Written> {
    let mut file = new_file(&path)?;
    let created = match create(client, args).await {
        Ok(created) => created,
        Err(error) => {
            std::fs::remove_file(&path)
                .with_context(|| format!("{} is empty and in the way", path.display()))?;
            return Err(error);
        }
    };
    let (token, secret) = (created.token, created.secret);
    writeln!(file, "{}", secret.expose()).with_context(|| {
        let path = path.display();
        let revoke = format!("lictor token revoke {}", token.id);
        format!("the token was made, and {path} cannot be written; `{revoke}` takes it back")
    })?;
    Ok(Written { token, file: path })
}

fn new_file(path: &Path) -> anyhow::Result<File> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.with_context(|| format!("{} cannot be made; no token was made", path.display()))
}

async fn list(client: &mut Client) -> anyhow::Result<Vec<Token>> {
    let listed = answer(SOON, client.list_tokens(v1::ListTokensRequest {})).await?;
    Ok(TokenList::try_from(listed)?.items)
}

/// The id of the token that is meant: one with that id, or one in force with that
/// name.
fn one_of(all: &[Token], meant: &str) -> anyhow::Result<String> {
    let named = |it: &&Token| it.name == meant;
    let is_meant = |it: &&Token| it.id == meant || named(it) && it.revoked_at.is_none();
    let mut found = all.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(token), None) => Ok(token.id.clone()),
        (Some(one), Some(other)) => bail!(
            "{meant} can mean more than one token: {} and {}; give the id",
            one.id,
            other.id
        ),
        (None, _) => match all.iter().find(named) {
            Some(token) => bail!("the token {meant} ({}) was revoked already", token.id),
            None => bail!("there is no token {meant}; `lictor token list` shows all"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use lictor_wire::Timestamp;

    use super::*;

    fn token(id: &str, name: &str, revoked: bool) -> Token {
        let token = v1::Token {
            id: id.to_owned(),
            name: name.to_owned(),
            created_at: Some(Timestamp::default()),
            revoked_at: revoked.then(Timestamp::default),
            ..v1::Token::default()
        };
        token.try_into().unwrap()
    }

    #[test]
    fn a_token_is_meant_by_its_id_or_by_the_name_of_one_in_force() {
        let all = [
            token("aaaaaaaaaaaa", "ci", false),
            token("bbbbbbbbbbbb", "ci", true),
            token("cccccccccccc", "old", true),
            token("dddddddddddd", "aaaaaaaaaaaa", false),
        ];
        let meant = |text| one_of(&all, text).map_err(|error| error.to_string());
        assert_eq!(meant("ci").unwrap(), "aaaaaaaaaaaa");
        assert_eq!(meant("bbbbbbbbbbbb").unwrap(), "bbbbbbbbbbbb");
        let said = meant("old").unwrap_err();
        assert_eq!(said, "the token old (cccccccccccc) was revoked already");
        let said = meant("nobody").unwrap_err();
        assert!(said.contains("`lictor token list`"), "{said}");
        let said = meant("aaaaaaaaaaaa").unwrap_err();
        assert!(said.contains("aaaaaaaaaaaa and dddddddddddd"), "{said}");
    }

    #[test]
    fn the_file_of_a_token_is_new_and_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        new_file(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let said = new_file(&path).unwrap_err().to_string();
        assert!(
            said.ends_with("cannot be made; no token was made"),
            "{said}"
        );
    }
}
