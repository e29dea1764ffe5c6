//! Reads what a survey adds to a report.

use std::collections::BTreeSet;

use lictor_domain::{NodeAddress, Survey};

use crate::error::MysqlError;
use crate::reply::Reply;
use crate::report::Seen;

/// The privilege that is needed on `performance_schema` alone.
const READING: &str = "SELECT";

/// Reads the result sets of `Dialect::survey`, in their order.
pub(crate) fn read(
    address: NodeAddress,
    seen: Seen,
    reply: &mut Reply,
) -> Result<Survey, MysqlError> {
    let grants = reply
        .rows()?
        .iter()
        .map(|row| row.nth_last::<String>(0))
        .collect::<Result<Vec<_>, _>>()?;
    let settings = reply.row()?;
    Ok(Survey {
        address,
        report: seen.report,
        privileges: grants.iter().flat_map(|grant| held(grant)).collect(),
        replicas: seen.replicas,
        syncs_binlog: settings.get::<u32>("sync_binlog")? == 1,
        flushes_redo_log: settings.get::<u32>("flush_log")? == 1,
        clones: settings.get::<u32>("plugin")? == 1,
    })
}

/// The privileges that one line of `SHOW GRANTS` gives where Lictor needs them: all on
/// `*.*`, and `SELECT` on `performance_schema`, for it reads no other table. MySQL 8
/// spells `ALL PRIVILEGES` out itself, and adds those of active roles.
pub(crate) fn held(grant: &str) -> BTreeSet<String> {
    let given = grant
        .strip_prefix("GRANT ")
        .and_then(|it| it.split_once(" TO "));
    let on = given.and_then(|(given, _)| given.split_once(" ON "));
    let (privileges, only_reading) = match on {
        Some((privileges, "*.*")) => (privileges, false),
        Some((privileges, "`performance_schema`.*")) => (privileges, true),
        _ => return BTreeSet::new(),
    };
    let privileges = privileges.split(',').map(str::trim);
    let counts = privileges.filter(|it| !only_reading || *it == READING);
    counts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn privileges(grant: &str) -> Vec<String> {
        held(grant).into_iter().collect()
    }

    #[test]
    fn reading_performance_schema_is_all_the_reading_there_is_to_do() {
        assert_eq!(
            privileges("GRANT SELECT, UPDATE ON `performance_schema`.* TO `lictor`@`%`"),
            ["SELECT"]
        );
        let one_table = "GRANT SELECT ON `performance_schema`.`threads` TO `lictor`@`%`";
        assert!(privileges(one_table).is_empty());
    }

    #[test]
    fn privileges_on_everything_are_read_one_by_one() {
        assert_eq!(
            privileges("GRANT SELECT, REPLICATION SLAVE ON *.* TO `lictor`@`%` WITH GRANT OPTION"),
            ["REPLICATION SLAVE", "SELECT"]
        );
        assert_eq!(
            privileges("GRANT CLONE_ADMIN,CONNECTION_ADMIN ON *.* TO `lictor`@`%`"),
            ["CLONE_ADMIN", "CONNECTION_ADMIN"]
        );
    }

    #[test]
    fn privileges_on_less_roles_and_revocations_do_not_count() {
        for grant in [
            "GRANT SELECT, INSERT ON `app`.* TO `lictor`@`%`",
            "GRANT `r1`@`%` TO `lictor`@`%`",
            "REVOKE SELECT ON `mysql`.* FROM `lictor`@`%`",
        ] {
            assert!(privileges(grant).is_empty(), "{grant}");
        }
    }
}
