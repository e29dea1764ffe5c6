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

/// What `lictord` logs in as: exactly the privileges it needs.
pub const CONTROL: Account = Account {
    user: "lictor",
    password: "lab-lictor",
};

/// What replicas log in to their source as.
pub const REPLICATION: Account = Account {
    user: "repl",
    password: "lab-repl",
};

/// An application: everything on [`APP_DATABASE`], nothing elsewhere.
pub const APP: Account = Account {
    user: "app",
    password: "lab-app",
};

/// The application's database; it exists on every node and has no tables.
pub const APP_DATABASE: &str = "app";

/// The statements that make the accounts and the database, one a line. They run
/// while a data directory is initialised, when nothing is written to a binary
/// log: the directory holds no GTID.
pub(crate) fn init_sql() -> String {
    let create = |account: Account, rights: &str| {
        let Account { user, password } = account;
        format!(
            "CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';\nGRANT {rights} TO '{user}'@'%'"
        )
    };
    [
        format!("CREATE DATABASE {APP_DATABASE}"),
        "DROP USER 'root'@'localhost'".to_owned(),
        format!(
            "{} WITH GRANT OPTION",
            create(ROOT, "ALL PRIVILEGES ON *.*")
        ),
        create(
            CONTROL,
            "SYSTEM_VARIABLES_ADMIN, REPLICATION_SLAVE_ADMIN, CONNECTION_ADMIN, \
             REPLICATION CLIENT, REPLICATION SLAVE, PROCESS, RELOAD, BACKUP_ADMIN, \
             CLONE_ADMIN, SELECT ON *.*",
        ),
        create(REPLICATION, "REPLICATION SLAVE ON *.*"),
        create(APP, &format!("ALL PRIVILEGES ON {APP_DATABASE}.*")),
    ]
    .map(|statement| statement + ";\n")
    .concat()
}
