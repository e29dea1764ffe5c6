//! MHA: the configuration of one application (`app1.cnf`), with the global one's
//! `[server default]` if there is one. Parameters are as in MHA's wiki,
//! "Parameters".
//!
//! Users and passwords are `lictord`'s own settings; none is in the draft or in
//! a note.

use std::collections::{BTreeMap, BTreeSet};

use ini::{Ini, ParseOption};
use lictor_domain::config::{ClusterConfig, Draft, Placement};
use lictor_domain::names::{ClusterName, NodeAddress};
use lictor_domain::policy::PromotionRule;

use super::{Import, Notes, bounded, list, shown};
use crate::error::{DocumentError, Position};

/// A configuration file, and what errors call it.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// A draft of the application's servers as the cluster of this name.
///
/// # Errors
/// What is no INI file, has no servers, or says of one what cannot be.
pub fn import(
    app: File<'_>,
    global: Option<File<'_>>,
    cluster: &ClusterName,
) -> Result<Import, DocumentError> {
    let mut notes = Notes::default();
    let mut defaults = Section::new();
    for file in global.iter().chain([&app]) {
        for (_, section) in sections(*file)?
            .into_iter()
            .filter(|(name, _)| is_default(name))
        {
            defaults.extend(section);
        }
    }
    let mut servers = BTreeMap::new();
    for (name, section) in sections(app)? {
        if is_default(&name) {
            continue;
        }
        if !name.starts_with("server") {
            let why = match name.strip_prefix("binlog") {
                Some(_) => "Lictor needs no binlog servers: replicas find what they lack by GTID",
                None => "no such section is known",
            };
            notes.left_out(format!("[{name}]"), why);
            continue;
        }
        let server = Server {
            file: app,
            name: &name,
            section: &section,
            defaults: &defaults,
        };
        let (address, placement) = server.read(&mut notes)?;
        if servers.insert(address.clone(), placement).is_some() {
            return Err(server.wrong(
                "hostname",
                format!("{address} is the address of two servers"),
            ));
        }
        parameters(&section, &format!("[{name}]"), LOCAL, &mut notes);
    }
    let Some(seed) = servers.keys().next().cloned() else {
        return Err(DocumentError::Syntax {
            document: app.name.to_owned(),
            at: None,
            why: "it has no section of a server, such as [server1]".to_owned(),
        });
    };
    parameters(&defaults, "[server default]", &[], &mut notes);
    notes.taken(
        format!("cluster {cluster}"),
        format!(
            "its nodes are {}; MHA's failover stays in charge until the mode is `auto`, and both \
             must not be at once",
            list(servers.keys())
        ),
    );
    notes.register(cluster, &seed.to_string());
    let placed = servers
        .into_iter()
        .filter(|(_, placement)| *placement != Placement::default());
    let config = ClusterConfig {
        nodes: placed.collect(),
        ..ClusterConfig::default()
    };
    Ok(notes.with(Draft {
        clusters: [(cluster.clone(), config)].into(),
        ..Draft::default()
    }))
}

/// The parameters of a section. Of a password only that there is one.
type Section = BTreeMap<String, String>;

fn is_default(section: &str) -> bool {
    matches!(section, "server default" | "server_default")
}

fn sections(file: File<'_>) -> Result<Vec<(String, Section)>, DocumentError> {
    bounded(file.text, file.name)?;
    let wrong = |at: Option<Position>, why: &str| DocumentError::Syntax {
        document: file.name.to_owned(),
        at,
        why: why.to_owned(),
    };
    // Neither quotes nor backslashes mean anything to MHA.
    let option = ParseOption {
        enabled_quote: false,
        enabled_escape: false,
        ..ParseOption::default()
    };
    let ini = Ini::load_from_str_opt(file.text, option).map_err(|error| {
        let at = Position {
            line: error.line,
            column: error.col,
        };
        wrong(
            Some(at),
            "a `[section]` or `parameter=value` is expected here",
        )
    })?;
    let mut sections = vec![];
    for (name, properties) in &ini {
        let Some(name) = name else {
            if let Some((parameter, _)) = properties.iter().next() {
                let at = line(file.text, "", parameter);
                return Err(wrong(at, "a parameter stands before the first [section]"));
            }
            continue;
        };
        let section = properties.iter().map(|(key, value)| {
            let value = if SECRETS.contains(&key) {
                ""
            } else {
                value.trim()
            };
            (key.to_owned(), value.to_owned())
        });
        sections.push((name.trim().to_owned(), section.collect()));
    }
    Ok(sections)
}

const SECRETS: [&str; 2] = ["password", "repl_password"];

/// Where a parameter of a section stands.
fn line(text: &str, section: &str, parameter: &str) -> Option<Position> {
    let mut inside = section.is_empty();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.split(']').next())
        {
            inside = name.trim() == section;
        }
        let name = line.split(['=', ':']).next().map(str::trim);
        if inside && name == Some(parameter) {
            return Some(Position {
                line: number + 1,
                column: 1,
            });
        }
    }
    None
}

/// A server's section, with what holds where it says nothing.
struct Server<'a> {
    file: File<'a>,
    name: &'a str,
    section: &'a Section,
    defaults: &'a Section,
}

impl Server<'_> {
    fn wrong(&self, parameter: &str, why: impl Into<String>) -> DocumentError {
        DocumentError::Field {
            document: self.file.name.to_owned(),
            at: line(self.file.text, self.name, parameter)
                .or_else(|| line(self.file.text, "server default", parameter)),
            field: format!("[{}] {parameter}", self.name),
            why: why.into(),
        }
    }

    fn flag(&self, parameter: &str) -> Result<bool, DocumentError> {
        match self.section.get(parameter).map(String::as_str) {
            None | Some("" | "0") => Ok(false),
            Some("1") => Ok(true),
            Some(other) => {
                let why = format!("`{}` is neither 0 nor 1", shown(other));
                Err(self.wrong(parameter, why))
            }
        }
    }

    fn read(&self, notes: &mut Notes) -> Result<(NodeAddress, Placement), DocumentError> {
        let host = self.section.get("hostname").filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| self.wrong("hostname", "it is missing"))?;
        let port = self
            .section
            .get("port")
            .or_else(|| self.defaults.get("port"));
        let port = match port {
            None => 3306,
            Some(port) => port.parse().map_err(|_| {
                let why = format!("`{}` is no number from 1 to 65535", shown(port));
                self.wrong("port", why)
            })?,
        };
        let address = NodeAddress::new(host, port)
            .map_err(|error| self.wrong("hostname", error.to_string()))?;
        let (candidate, never) = (self.flag("candidate_master")?, self.flag("no_master")?);
        let promotion = match (candidate, never) {
            (_, true) => PromotionRule::MustNot,
            (true, false) => PromotionRule::Prefer,
            (false, false) => PromotionRule::Neutral,
        };
        if candidate && never {
            notes.changed(
                format!("[{}] candidate_master", self.name),
                "no_master stands beside it and is the stronger: promotion must_not",
            );
        }
        notes.taken(
            format!("[{}]", self.name),
            format!("{address}, promotion {promotion}"),
        );
        let placement = Placement {
            promotion,
            ..Placement::default()
        };
        Ok((address, placement))
    }
}

/// Parameters that are taken of a server.
const LOCAL: &[&str] = &["hostname", "port", "candidate_master", "no_master"];

/// Says of each parameter that is not taken why not.
fn parameters(section: &Section, about: &str, taken: &[&str], notes: &mut Notes) {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for parameter in section.keys() {
        let parameter = parameter.as_str();
        if !taken.contains(&parameter) && parameter != "port" {
            reasons
                .entry(why_not(parameter))
                .or_default()
                .insert(parameter);
        }
    }
    for (why, parameters) in reasons {
        notes.left_out(format!("{about} {}", list(parameters)), why);
    }
}

fn why_not(parameter: &str) -> &'static str {
    match parameter {
        "user" | "repl_user" | "password" | "repl_password" => {
            "users and passwords are settings of lictord, `[mysql]` in its configuration"
        }
        "ip" => "nodes are known by their hostname",
        "candidate_master" | "no_master" | "hostname" => {
            "it counts in the section of a server only"
        }
        "master_ip_failover_script" | "master_ip_online_change_script" => {
            "no address moves: Lictor pushes routes to clients and keeps Consul's DNS"
        }
        "shutdown_script" => {
            "Lictor fences by a proof: stopped receivers, a closed primary, or lictor-agent beside \
             mysqld; no script is run"
        }
        "report_script" | "init_conf_load_script" => {
            "Lictor runs no scripts; `lictor recovery show` reports"
        }
        "secondary_check_script" => {
            "the replicas are asked what they still hear of the primary; no script is run"
        }
        "ping_interval" | "ping_type" | "skip_init_ssh_check" => {
            "when a silent primary counts as hung is the policy's `profile`"
        }
        "ignore_fail" => "a replica that is away stops no failover, if enough others prove it safe",
        "check_repl_delay" | "latest_priority" => {
            "the replica that holds the most is elected, and it applies all it received first"
        }
        "check_repl_filter" | "multi_tier_slave" | "skip_reset_slave" | "disable_log_bin" => {
            "Lictor looks at replication itself; `lictor cluster add` says what is wrong with it"
        }
        "master_pid_file" | "master_binlog_dir" | "remote_workdir" | "manager_workdir"
        | "manager_log" | "log_level" | "client_bindir" | "client_libdir" | "handle_raw_binlog"
        | "use_gtid_auto_pos" => "MHA's own files; Lictor needs GTIDs and no access to files",
        other if other.starts_with("ssh_") => "Lictor needs no ssh",
        _ => "no such parameter is known",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{comes_to, damaged};
    use super::*;

    const APP: &str = include_str!("../../testdata/mha/app1.cnf");
    const GLOBAL: &str = include_str!("../../testdata/mha/masterha_default.cnf");

    fn taken(app: &str, global: Option<&str>) -> Result<Import, DocumentError> {
        let file = |name, text| File { name, text };
        let global = global.map(|text| file("masterha_default.cnf", text));
        import(file("app1.cnf", app), global, &"orders".parse().unwrap())
    }

    #[test]
    fn an_application_becomes_a_cluster_with_promotion_rules() {
        comes_to(
            &taken(APP, Some(GLOBAL)).unwrap(),
            include_str!("../../testdata/mha/app1.yaml"),
            include_str!("../../testdata/mha/app1.notes"),
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, error) in [
            (
                "",
                "app1.cnf: it has no section of a server, such as [server1]",
            ),
            (
                "hostname=a",
                "app1.cnf:1:1: a parameter stands before the first [section]",
            ),
            (
                "[server1]\nport=1\n",
                "app1.cnf: [server1] hostname: it is missing",
            ),
            (
                "[server1]\nhostname=a\nport=x\n",
                "app1.cnf:3:1: [server1] port: `x` is no number from 1 to 65535",
            ),
            (
                "[server default]\nport=0\n[server1]\nhostname=a\n",
                "app1.cnf:4:1: [server1] hostname: address `a:0` is not host:port: the port is 0",
            ),
            (
                "[server1]\nhostname=a b\n",
                "app1.cnf:2:1: [server1] hostname: address `a b:3306` is not host:port: the host has a character no host name has",
            ),
            (
                "[server1]\nhostname=a\nno_master=yes\n",
                "app1.cnf:3:1: [server1] no_master: `yes` is neither 0 nor 1",
            ),
            (
                "[server1]\nhostname=a\n[server2]\nhostname=A\n",
                "app1.cnf:4:1: [server2] hostname: a:3306 is the address of two servers",
            ),
            (
                "[server1\nhostname=a\n",
                "app1.cnf:3:1: a `[section]` or `parameter=value` is expected here",
            ),
            (
                "[server1]\nhostname\n",
                "app1.cnf:3:1: a `[section]` or `parameter=value` is expected here",
            ),
        ] {
            assert_eq!(taken(text, None).unwrap_err().to_string(), error);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(app in damaged(APP), global in damaged(GLOBAL)) {
            let _ = taken(&app, Some(&global));
        }
    }
}
