//! What two servers need so that one can copy the other's data.

use std::collections::BTreeSet;

use lictor_domain::NodeAddress;

use crate::admission::Objection;

/// What gives a server the plugin.
pub(crate) const INSTALL_CLONE: &str = "there: INSTALL PLUGIN clone SONAME 'mysql_clone.so'; and \
     for every start: plugin_load_add = mysql_clone.so in its option file";

/// Which side of a copy a server is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It gives its data.
    Donor,
    /// It gets another's.
    Recipient,
}

impl Side {
    /// What the control account needs there, on `*.*`.
    const fn privilege(self) -> &'static str {
        match self {
            Self::Donor => "BACKUP_ADMIN",
            Self::Recipient => "CLONE_ADMIN",
        }
    }
}

/// What keeps a server from its side of a copy.
#[must_use]
pub fn unfit(
    at: &NodeAddress,
    side: Side,
    has_plugin: bool,
    privileges: &BTreeSet<String>,
) -> Vec<Objection> {
    let object = |sentence: String, remedy: String| Objection {
        node: Some(at.clone()),
        sentence,
        remedy,
    };
    let plugin = (!has_plugin).then(|| {
        object(
            format!("{at} has no active clone plugin"),
            INSTALL_CLONE.to_owned(),
        )
    });
    let privilege = side.privilege();
    let denied = (!privileges.contains(privilege)).then(|| {
        object(
            format!("{at} does not give the control account {privilege}"),
            format!(
                "on the primary, for the control account: GRANT {privilege} ON *.* TO \
                 'user'@'host'"
            ),
        )
    });
    plugin.into_iter().chain(denied).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_needs_the_plugin_and_its_own_privilege() {
        let at: NodeAddress = "10.0.0.2:3306".parse().unwrap();
        let all = ["BACKUP_ADMIN", "CLONE_ADMIN"].map(str::to_owned);
        for (side, lacks) in [
            (Side::Donor, "BACKUP_ADMIN"),
            (Side::Recipient, "CLONE_ADMIN"),
        ] {
            let granted: BTreeSet<String> = all.clone().into();
            assert_eq!(unfit(&at, side, true, &granted), []);
            let less = granted.into_iter().filter(|one| one != lacks).collect();
            let found = unfit(&at, side, false, &less);
            assert_eq!(found.len(), 2);
            assert!(found[0].remedy.contains("INSTALL PLUGIN clone"));
            assert!(found[1].remedy.contains(lacks));
        }
    }
}
