//! Reads what a survey adds to a report.

use std::collections::BTreeSet;

use lictor_domain::{NodeAddress, Survey};

use crate::error::MysqlError;
use crate::reply::Reply;
use crate::report::Seen;

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
        privileges: grants.iter().flat_map(|grant| global(grant)).collect(),
        replicas: seen.replicas,
        syncs_binlog: settings.get::<u32>("sync_binlog")? == 1,
        flushes_redo_log: settings.get::<u32>("flush_log")? == 1,
        clones: settings.get::<u32>("plugin")? == 1,
    })
}

/// The privileges that one line of `SHOW GRANTS` gives on `*.*`; MySQL 8 spells
/// `ALL PRIVILEGES` out itself, and adds those of active roles.
pub(crate) fn global(grant: &str) -> BTreeSet<String> {
    grant
        .strip_prefix("GRANT ")
        .and_then(|grant| grant.split_once(" ON *.* TO "))
        .map(|(privileges, _)| privileges.split(',').map(|p| p.trim().to_owned()).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn privileges(grant: &str) -> Vec<String> {
        global(grant).into_iter().collect()
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
