//! An instance of the control plane, started on the laboratory's servers.

use std::env;
use std::fs;
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use serde_json::json;

use crate::access::Access;
use crate::accounts::{CONTROL, REPLICATION};
use crate::block::Block;
use crate::consul::Consul;
use crate::process::Recipe;
use crate::server::{Kind, Server, Slot};
use crate::tls::Authority;
use crate::tools::Program;

const PORT: u16 = 7400;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(2);

/// A running or killed `lictord`.
#[derive(Debug)]
pub struct Lictord {
    slot: Slot,
    program: Program,
    http: reqwest::Client,
    scheme: &'static str,
}

/// What is around every `lictord` of a laboratory.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// Who is let in.
    pub(crate) access: &'a Access,
    /// Whose certificates are used.
    pub(crate) tls: Option<&'a Authority>,
}

/// How a `lictord` stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does not lead.
    Follows,
    /// It leads, and has not looked at every cluster yet.
    Begins,
    /// It leads, with a complete routing table.
    Leads,
}

/// What it says of itself, as far as it matters here.
#[derive(Deserialize)]
struct Told {
    leader: bool,
    ready: bool,
}

/// A token that it made.
#[derive(Deserialize)]
struct Made {
    secret: String,
}

impl Server for Lictord {
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Lictord {
    /// Finds the binary.
    pub(crate) fn find() -> Result<Program> {
        Ok(Program::of_system(sibling("lictord", "LICTORD_BIN")?))
    }

    /// Its URL where it will be.
    pub(crate) fn url_at(block: Block, last_octet: u8, tls: Option<&Authority>) -> String {
        format!("{}://{}:{PORT}", scheme(tls), block.address(last_octet))
    }

    /// Writes its settings; it does not run yet.
    pub(crate) fn new(
        name: &str,
        program: &Program,
        block: Block,
        last_octet: u8,
        consul: &Consul,
        postgres: &str,
        around: Around<'_>,
    ) -> Result<Self> {
        let Around { access, tls } = around;
        let address = SocketAddrV4::new(block.address(last_octet), PORT);
        let slot = Slot::new(Kind::Lictord, name, address, &block.dir())?;
        let secret = |account: crate::Account| -> Result<PathBuf> {
            let file = slot.dir().join(format!("{}.password", account.user));
            fs::write(&file, account.password)?;
            Ok(file)
        };
        let token = slot.dir().join("consul.token");
        fs::write(&token, consul.control_token())?;
        let settings = format!(
            "listen = \"{address}\"\n\n\
             [access]\nkey_file = \"{key}\"\nbootstrap_token_file = \"{first}\"\n\n\
             [tls]\n{tls}\n\
             [postgres]\nurl = \"{postgres}\"\n\n\
             [consul]\naddress = \"{consul}\"\ntoken_file = \"{token}\"\n{consul_tls}\n\
             [mysql]\n{mysql_tls}\
             user = \"{user}\"\n\
             password_file = \"{password}\"\n\
             replication_user = \"{replication_user}\"\n\
             replication_password_file = \"{replication_password}\"\n\n\
             [history]\nspool_dir = \"{spool}\"\n\n\
             [log]\nformat = \"json\"\n",
            key = access.key_file().display(),
            first = access.token_file().display(),
            tls = tls_settings(name, address, tls)?,
            spool = slot.dir().join("spool").display(),
            consul = consul.url(),
            token = token.display(),
            consul_tls = consul_settings(name, address, tls)?,
            mysql_tls = mysql_settings(tls),
            user = CONTROL.user,
            password = secret(CONTROL)?.display(),
            replication_user = REPLICATION.user,
            replication_password = secret(REPLICATION)?.display(),
        );
        fs::write(settings_file(&slot), settings)?;
        Ok(Self {
            slot,
            program: program.clone(),
            http: client(around)?,
            scheme: scheme(tls),
        })
    }

    /// Its settings; what is changed there is in force after the next start.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        settings_file(&self.slot)
    }

    /// Starts it, after killing it if it runs; see [`Lictord::wait_ready`].
    pub async fn start(&self) -> Result<()> {
        self.slot.launch(self.recipe()).await
    }

    /// Starts it with failpoints: `STEP.MOMENT=ACTION`, with `;` in between.
    /// `return` ends it there, as if killed, and `return(MS)` makes it wait. It
    /// must have been built with the feature `failpoints`, and passes them over
    /// otherwise.
    pub async fn start_with_failpoints(&self, failpoints: &str) -> Result<()> {
        let recipe = self.recipe().env("FAILPOINTS", failpoints);
        self.slot.launch(recipe).await
    }

    fn recipe(&self) -> Recipe {
        Recipe::new(&self.program, None, self.log_path())
            .arg("--config")
            .arg(settings_file(&self.slot))
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends, or does not become ready; the error shows the end of its
    /// log.
    pub async fn wait_ready(&self) -> Result<()> {
        let readyz = format!("{}/readyz", self.url());
        self.slot
            .until_ready(async || {
                let answer = self.http.get(&readyz).send().await?;
                answer.error_for_status().map(drop)
            })
            .await
    }

    /// Waits until it serves, whether it leads or not.
    ///
    /// # Errors
    /// When it ends, or does not serve; the error shows the end of its log.
    pub async fn wait_serving(&self) -> Result<()> {
        self.slot
            .until_ready(async || self.standing().await.map(drop))
            .await
    }

    /// How it says that it stands.
    ///
    /// # Errors
    /// When it does not answer within two seconds, or does not know the laboratory's
    /// token yet.
    pub async fn standing(&self) -> Result<Standing> {
        let status = format!("{}/v1/control-plane", self.url());
        let answer = self.http.get(&status).send().await?.error_for_status()?;
        let told: Told = answer.json().await?;
        Ok(match told {
            Told { leader: false, .. } => Standing::Follows,
            Told { ready: false, .. } => Standing::Begins,
            Told { .. } => Standing::Leads,
        })
    }

    /// Makes a token of that name and role; its text.
    ///
    /// # Errors
    /// When it does not lead, or there is one.
    pub(crate) async fn make_token(&self, name: &str, role: &str) -> Result<String> {
        let tokens = format!("{}/v1/tokens", self.url());
        let body = json!({ "name": name, "role": role, "reason": "the laboratory" });
        let answer = self.http.post(&tokens).json(&body).send().await?;
        let made: Made = answer.error_for_status()?.json().await?;
        Ok(made.secret)
    }

    /// Its address for clients, `http://ADDRESS:7400`, or `https`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address())
    }
}

const fn scheme(tls: Option<&Authority>) -> &'static str {
    match tls {
        Some(_) => "https",
        None => "http",
    }
}

fn client(around: Around<'_>) -> Result<reqwest::Client> {
    let mut shown = HeaderValue::from_str(&format!("Bearer {}", around.access.token()))?;
    shown.set_sensitive(true);
    let client = reqwest::Client::builder()
        .timeout(LOOK)
        .default_headers([(AUTHORIZATION, shown)].into_iter().collect());
    let client = match around.tls {
        Some(authority) => authority.http(client)?,
        None => client,
    };
    Ok(client.build()?)
}

/// It asks for certificates of clients, and lets those in who have none.
fn tls_settings(name: &str, address: SocketAddrV4, tls: Option<&Authority>) -> Result<String> {
    let Some(authority) = tls else {
        return Ok(format!("plaintext = {}\n", !address.ip().is_loopback()));
    };
    let own = authority.issue(name, &[address.ip().to_string()])?;
    Ok(format!(
        "cert_file = \"{}\"\nkey_file = \"{}\"\nca_file = \"{}\"\n\
         client_ca_file = \"{}\"\nclient_auth = \"optional\"\n",
        own.cert_file.display(),
        own.key_file.display(),
        own.ca_file.display(),
        own.ca_file.display(),
    ))
}

/// Consul asks for a certificate, too.
fn consul_settings(name: &str, address: SocketAddrV4, tls: Option<&Authority>) -> Result<String> {
    let Some(authority) = tls else {
        return Ok(format!("plaintext = {}\n", !address.ip().is_loopback()));
    };
    let shown = authority.issue(&format!("{name}-at-consul"), &[])?;
    Ok(format!(
        "ca_file = \"{}\"\ncert_file = \"{}\"\nkey_file = \"{}\"\n",
        shown.ca_file.display(),
        shown.cert_file.display(),
        shown.key_file.display(),
    ))
}

fn mysql_settings(tls: Option<&Authority>) -> String {
    tls.map_or_else(String::new, |authority| {
        let ca_file = authority.ca_file();
        let ca_file = ca_file.display();
        format!(
            "tls = \"verify_identity\"\nca_file = \"{ca_file}\"\n\
             replication_tls = \"verify_identity\"\nreplication_ca_file = \"{ca_file}\"\n"
        )
    })
}

fn settings_file(slot: &Slot) -> PathBuf {
    slot.dir().join("lictord.toml")
}

/// A binary of the project: the one the variable names, or the one built beside
/// the running program (tests run one folder below).
///
/// # Errors
/// A sentence saying how to build it.
pub fn sibling(name: &str, variable: &str) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Ok(path.into());
    }
    let here = env::current_exe()?;
    here.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "{name} is not built beside {}: build it, or set {variable}",
                here.display()
            )
        })
}
