//! Ids as people type them: whole, how they begin, or `last`.

use anyhow::bail;

/// Characters of a UUID.
const WHOLE: usize = 36;
const LAST: &str = "last";
/// Where only the beginning of an id is typed, so many are looked through.
const LOOKED_THROUGH: u32 = 500;

/// How many of the newest to look through.
pub(crate) fn looked_through(meant: &str) -> u32 {
    if meant == LAST { 1 } else { LOOKED_THROUGH }
}

/// Whether this is a whole id, which needs no looking up.
pub(crate) const fn is_whole(meant: &str) -> bool {
    meant.len() >= WHOLE
}

/// The id that is meant, of all there are, the newest first. `noun` is what has it.
pub(crate) fn one_of(
    ids: impl IntoIterator<Item = String>,
    meant: &str,
    noun: &str,
) -> anyhow::Result<String> {
    let mut ids = ids.into_iter();
    if meant == LAST {
        return match ids.next() {
            Some(id) => Ok(id),
            None => bail!("there was no {noun} yet"),
        };
    }
    let mut found = ids.filter(|id| id.starts_with(meant));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => bail!("the id of more than one {noun} begins with {meant}"),
        (None, _) => bail!(
            "the id of no {noun} begins with {meant}; `lictor {noun} list -o json` shows them whole"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_by_how_it_begins_when_only_one_does() {
        let meant = |text| {
            let ids = ["0193-b", "0193-a", "0192-c"].map(str::to_owned);
            one_of(ids, text, "recovery").map_err(|error| error.to_string())
        };
        assert_eq!(meant("last").unwrap(), "0193-b");
        assert_eq!(meant("0192").unwrap(), "0192-c");
        let two = meant("0193").unwrap_err();
        assert_eq!(two, "the id of more than one recovery begins with 0193");
        assert!(
            meant("7")
                .unwrap_err()
                .contains("`lictor recovery list -o json`")
        );
        let none = one_of([], "last", "operation").unwrap_err();
        assert_eq!(none.to_string(), "there was no operation yet");
    }
}
