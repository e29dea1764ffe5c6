//! The words of older servers: the laboratory speaks as MySQL 8.0.26 and later
//! do, and translates at the last moment for those that do not understand.

/// A version of `mysqld`: major, minor, patch.
pub(crate) type Version = (u32, u32, u32);

/// Until when a word was another one.
const RENAMED: &[(Version, &str, &str)] = &[
    (
        (8, 0, 23),
        "CHANGE REPLICATION SOURCE TO",
        "CHANGE MASTER TO",
    ),
    ((8, 0, 23), "GET_SOURCE_PUBLIC_KEY", "GET_MASTER_PUBLIC_KEY"),
    ((8, 0, 23), "SOURCE_", "MASTER_"),
    ((8, 0, 26), "log_replica_updates", "log_slave_updates"),
    ((8, 0, 26), "skip_replica_start", "skip_slave_start"),
    ((8, 0, 26), "replica_net_timeout", "slave_net_timeout"),
    ((8, 0, 26), "semisync_source", "semisync_master"),
    ((8, 0, 26), "semisync_replica", "semisync_slave"),
    ((8, 0, 26), "semi_sync_source", "semi_sync_master"),
    ((8, 0, 26), "semi_sync_replica", "semi_sync_slave"),
    ((8, 0, 26), "wait_for_replica", "wait_for_slave"),
    ((8, 0, 26), "wait_no_replica", "wait_no_slave"),
];

/// The version in what `mysqld --version` says; `None` for `MariaDB`, whose
/// versions are another family's.
pub(crate) fn version(said: &str) -> Option<Version> {
    if said.contains("MariaDB") {
        return None;
    }
    let (_, version) = said.split_once("Ver ")?;
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse().ok());
    let mut next = || numbers.next().flatten();
    Some((next()?, next()?, next()?))
}

/// Statements or settings, as a server of this version understands them.
pub(crate) fn spoken(text: &str, version: Version) -> String {
    let older = RENAMED.iter().filter(|(since, ..)| version < *since);
    older.fold(text.to_owned(), |text, (_, word, old)| {
        text.replace(word, old)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGE: &str = "CHANGE REPLICATION SOURCE TO SOURCE_HOST='h', GET_SOURCE_PUBLIC_KEY=1";
    const WAIT: &str = "rpl_semi_sync_source_wait_for_replica_count=1";

    #[test]
    fn versions_are_read_as_numbers() {
        assert_eq!(version("mysqld  Ver 8.0.26 for Linux"), Some((8, 0, 26)));
        assert_eq!(version("mysqld  Ver 10.0.1-2 for Linux"), Some((10, 0, 1)));
    }

    #[test]
    fn mariadb_and_what_is_no_version_are_not_taken_for_mysql() {
        let mariadb = "mariadbd  Ver 10.11.6-MariaDB-0+deb12u1";
        for said in [mariadb, "", "command not found", "Ver 8.0"] {
            assert_eq!(version(said), None);
        }
    }

    #[test]
    fn a_new_server_hears_the_words_as_they_are() {
        for text in [CHANGE, WAIT] {
            assert_eq!(spoken(text, (8, 0, 26)), text);
        }
    }

    #[test]
    fn an_older_server_hears_the_words_of_its_time() {
        let old_wait = "rpl_semi_sync_master_wait_for_slave_count=1";
        assert_eq!(spoken(WAIT, (8, 0, 25)), old_wait);
        assert_eq!(spoken(CHANGE, (8, 0, 25)), CHANGE);
        let old_change = "CHANGE MASTER TO MASTER_HOST='h', GET_MASTER_PUBLIC_KEY=1";
        assert_eq!(spoken(CHANGE, (8, 0, 22)), old_change);
    }
}
