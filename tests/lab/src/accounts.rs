//! The `MySQL` accounts of the laboratory. The passwords are constants: the
//! servers listen on loopback only and hold nothing.

/// A `MySQL` account, allowed from any host.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// User name.
    pub user: &'static str,
    /// Password.
    pub password: &'static str,
}

/// Everything; for the laboratory's own use.
pub const ROOT: Account = Account {
    user: "root",
    password: "lab-root",
};

/// What `lictord` logs in as.
pub const CONTROL: Account = Account {
    user: "lictor",
    password: "lab-control-account",
};

/// What replicas log in to their source as.
pub const REPLICATION: Account = Account {
    user: "repl",
    password: "lab-replication",
};

/// An application: everything on [`APP_DATABASE`], nothing elsewhere.
pub const APP: Account = Account {
    user: "app",
    password: "lab-app",
};

/// The application's database; it exists on every node and has no tables.
pub const APP_DATABASE: &str = "app";

/// What users are told to give Lictor's accounts: no test has more.
const PRIVILEGES: &str = include_str!("../../../deploy/privileges/mysql.sql");

/// The statements of a script that has each on a line of its own.
pub(crate) fn statements(script: &str) -> impl Iterator<Item = &str> {
    let lines = script.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("--"))
}

/// The statements that make the accounts and the database, one a line. They run
/// while a data directory is initialised, when nothing is written to a binary
/// log: the directory holds no GTID.
pub(crate) fn init_sql() -> String {
    let privileges = PRIVILEGES
        .replace("CHANGE-ME-CONTROL", CONTROL.password)
        .replace("CHANGE-ME-REPLICATION", REPLICATION.password);
    let create = |account: Account, rights: &str| {
        let Account { user, password } = account;
        format!(
            "CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';\nGRANT {rights} TO '{user}'@'%'"
        )
    };
    let own = [
        format!("CREATE DATABASE {APP_DATABASE}"),
        "DROP USER 'root'@'localhost'".to_owned(),
        format!(
            "{} WITH GRANT OPTION",
            create(ROOT, "ALL PRIVILEGES ON *.*")
        ),
        create(APP, &format!("ALL PRIVILEGES ON {APP_DATABASE}.*")),
    ]
    .map(|statement| statement + ";");
    let own = own.iter().map(String::as_str);
    own.chain(statements(&privileges))
        .flat_map(|statement| [statement, "\n"])
        .collect()
}
